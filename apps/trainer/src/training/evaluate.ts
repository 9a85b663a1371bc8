import type { Client } from '@maskloom/client';
import { TrainingError } from '../errors.ts';
import type { Counts } from '../model/model.ts';
import { batchShape, hostBatch } from './batch.ts';
import type { Trainer } from './trainer.ts';
import { untilStopped } from './until-stopped.ts';

/** What the held-out batches say together. */
export interface HeldOut {
  /** What is minimised, on them. */
  readonly loss: number;
  /** e to the power of the masked positions' mean cross entropy. */
  readonly perplexity: number;
  readonly masked: number;
  /** Share of the masked positions whose most likely id is the original. */
  readonly accuracy: number;
  /** Parts of the loss and shares of right answers, of a model with several. */
  readonly figures: Readonly<Record<string, number>>;
}

/**
 * Scores the first `steps` batches of a sidecar's plan; all of an epoch for 0. Gives nothing if it is stopped before it is done.
 *
 * @throws {TrainingError} if no token of them is masked, or their loss is not a finite number
 */
export async function evaluate(
  trainer: Trainer,
  client: Client,
  steps: number,
  stop: AbortSignal,
): Promise<HeldOut | undefined> {
  const shape = batchShape(trainer.model.config, client);
  const most = client.stepsPerEpoch;
  const sums: Record<string, number> = {};
  const counts = { masked: 0, rows: 0, tokens: 0 };
  const count = steps === 0 ? most : Math.min(steps, most);
  const batches = client.batches({ steps: count, layout: 'compact', signal: stop });
  for await (const { batch } of untilStopped(batches, stop)) {
    const host = hostBatch(batch, shape);
    for (const [name, sum] of Object.entries(await trainer.evaluate(host))) {
      sums[name] = (sums[name] ?? 0) + sum;
    }
    for (const name of ['masked', 'rows', 'tokens'] as const) counts[name] += host[name];
  }
  if (stop.aborted) return undefined;
  if (counts.masked === 0) {
    throw new TrainingError(
      'DATA',
      `The first ${count} held-out batches have no masked token: make their plan with a higher --rate, or raise --eval-steps`,
    );
  }
  const found = heldOut(trainer, sums, counts);
  if (Number.isFinite(found.loss)) return found;
  throw new TrainingError('LOSS', `The held-out loss is ${found.loss}, expected a finite number`);
}

function heldOut(
  { model }: Trainer,
  sums: Readonly<Record<string, number>>,
  counts: Counts,
): HeldOut {
  const figures: Record<string, number> = {};
  let loss = 0;
  for (const { name, over, weight } of model.losses) {
    const mean = sums[name]! / counts[over];
    loss += weight * mean;
    if (model.losses.length === 1) continue;
    figures[name] = mean;
    const correct = sums[`${name}Correct`];
    if (correct !== undefined) figures[`${name}Accuracy`] = correct / counts[over];
  }
  return {
    loss,
    perplexity: Math.exp(sums['mlm']! / counts.masked),
    masked: counts.masked,
    accuracy: sums['correct']! / counts.masked,
    figures,
  };
}
