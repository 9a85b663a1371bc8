import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Works in a folder of its own, which is gone afterwards. */
export async function inFolder(work: (folder: string) => Promise<void> | void): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'maskloom-trainer-'));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}
