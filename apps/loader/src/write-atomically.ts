import { writeFile } from 'node:fs/promises';
import { createDraft } from '@maskloom/shards';

/** Writes a file whole or not at all. */
export async function writeAtomically(path: string, text: string): Promise<void> {
  const draft = await createDraft(path, 'file');
  try {
    await writeFile(draft.path, text, { flag: 'wx' });
    draft.keep();
  } catch (error) {
    await draft.discard();
    throw error;
  }
}
