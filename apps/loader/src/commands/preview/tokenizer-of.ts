import { ArgumentError } from '@maskloom/core';
import type { Dataset } from '@maskloom/shards';
import type { Tokenizer } from '@maskloom/text';

/**
 * The tokenizer in a folder.
 *
 * @throws {ArgumentError} if the dataset was encoded with another
 */
export async function tokenizerOf(folder: string, dataset: Dataset): Promise<Tokenizer> {
  // Loaded here: the tokenizer library is large, and other commands do without it.
  const { loadTokenizer } = await import('@maskloom/text');
  const tokenizer = await loadTokenizer(folder);
  const { directory, manifest } = dataset;
  if (tokenizer.digest === manifest.tokenizer) return tokenizer;
  throw new ArgumentError(
    'tokenizer',
    `the one that ${directory} was encoded with (SHA-256 ${manifest.tokenizer}; this is ${tokenizer.digest})`,
    folder,
  );
}
