import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadTokenizer, type Tokenizer, trainWordPiece, writeTokenizer } from '@maskloom/text';

const sentence = 'the people of the union have a government of laws and not of men. ';

/** A tokenizer of 60 ids, as `maskloom tokenizer train` makes them. */
export async function tinyTokenizer(): Promise<Tokenizer> {
  const folder = await mkdtemp(join(tmpdir(), 'maskloom-tokenizer-'));
  try {
    const path = join(folder, 'tokenizer');
    await writeTokenizer(path, await trainWordPiece([sentence.repeat(9)], { vocabSize: 60 }));
    return await loadTokenizer(path);
  } finally {
    await rm(folder, { recursive: true });
  }
}
