import type { Samples } from '@maskloom/shards';

/** What is known of a text from its token counts alone. */
export interface Unigram {
  /** Tokens that are not special. */
  readonly tokens: number;
  /** Entropy of the token distribution in nats: the loss of a model that knows only these counts. */
  readonly entropy: number;
}

/** Counts the tokens of a dataset, without the special ones. */
export function unigram(
  samples: Pick<Samples, 'rows' | 'sample'>,
  vocab: { readonly size: number; readonly specialIds: readonly number[] },
): Unigram {
  const counts = new Float64Array(vocab.size);
  for (let row = 0; row < samples.rows; row++) {
    for (const id of samples.sample(row)) counts[id]!++;
  }
  for (const id of vocab.specialIds) counts[id] = 0;
  const tokens = counts.reduce((sum, count) => sum + count, 0);
  let entropy = 0;
  for (const count of counts) {
    if (count > 0) entropy -= (count / tokens) * Math.log(count / tokens);
  }
  return { tokens, entropy };
}
