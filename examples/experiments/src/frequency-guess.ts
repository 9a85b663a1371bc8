import { readFile } from 'node:fs/promises';
import { createLoader, parsePlan, readCompact } from '@maskloom/loader';
import { openDataset, type Samples } from '@maskloom/shards';
import type { Data } from './data.ts';

/** How well hidden tokens are guessed by how often each token comes, whatever stands around them. */
export interface FrequencyGuess {
  /** Nats a hidden token, with probabilities from the counts and one more of each token (Laplace). */
  readonly loss: number;
  /** Share of hidden tokens that are the most frequent one. */
  readonly accuracy: number;
}

/** The guess that the training text's frequencies give of what an evaluation hides: a model has to do better. */
export async function frequencyGuess({
  train,
  heldOut,
  evalPlan,
}: Pick<Data, 'train' | 'heldOut' | 'evalPlan'>): Promise<FrequencyGuess> {
  const text = await openDataset(train);
  return guess(countTokens(text, text.manifest.vocab), await hiddenTokens(evalPlan, heldOut));
}

/** How often each token comes; special ones are not counted, and have no place in the map. */
export function countTokens(
  samples: Pick<Samples, 'rows' | 'sample'>,
  vocab: { readonly size: number; readonly specialIds: readonly number[] },
): Map<number, number> {
  const counts = new Map(Array.from({ length: vocab.size }, (_, id) => [id, 0]));
  for (const id of vocab.specialIds) counts.delete(id);
  for (let row = 0; row < samples.rows; row++) {
    for (const id of samples.sample(row)) {
      const count = counts.get(id);
      if (count !== undefined) counts.set(id, count + 1);
    }
  }
  return counts;
}

export function guess(
  counts: ReadonlyMap<number, number>,
  hidden: readonly number[],
): FrequencyGuess {
  const all = [...counts.values()].reduce((sum, count) => sum + count + 1, 0);
  const [favourite] = [...counts].reduce((best, next) => (next[1] > best[1] ? next : best));
  const sum = hidden.reduce((loss, id) => loss - Math.log(((counts.get(id) ?? 0) + 1) / all), 0);
  return {
    loss: sum / hidden.length,
    accuracy: hidden.filter((id) => id === favourite).length / hidden.length,
  };
}

/** The original ids of what a plan hides in its first epoch. */
async function hiddenTokens(planPath: string, directory: string): Promise<number[]> {
  const plan = parsePlan(await readFile(planPath, 'utf8'));
  const dataset = await openDataset(directory);
  await using loader = await createLoader({ plan, dataset, workers: 0 });
  const hidden: number[] = [];
  for await (const { recordBatch } of loader.epoch(0, { layout: 'compact' })) {
    const columns = readCompact(recordBatch);
    for (let row = 0; row < columns.rows; row++) hidden.push(...columns.labels(row));
  }
  return hidden;
}
