import type { Client } from '@maskloom/client';
import { TrainingError } from '../errors.ts';
import { hostBatch } from './batch.ts';
import type { Trainer } from './trainer.ts';

/** What the held-out batches say together. */
export interface HeldOut {
  /** Mean cross entropy over all masked positions, in nats. */
  readonly loss: number;
  readonly masked: number;
  /** Share of the masked positions whose most likely id is the original. */
  readonly accuracy: number;
}

/**
 * Scores the first `steps` batches of a sidecar's plan.
 *
 * @throws {TrainingError} if no token of them is masked.
 */
export async function evaluate(
  trainer: Trainer,
  client: Client,
  steps: number,
  shape: { readonly length: number; readonly vocab: number },
): Promise<HeldOut> {
  let loss = 0;
  let correct = 0;
  let masked = 0;
  for await (const { batch } of client.batches({ steps, layout: 'compact' })) {
    const host = hostBatch(batch, { ...shape, padId: client.vocab.padId });
    const scored = await trainer.evaluate(host);
    loss += scored.loss * host.masked;
    correct += scored.correct;
    masked += host.masked;
  }
  if (masked === 0) {
    throw new TrainingError(
      'DATA',
      `The first ${steps} held-out batches have no masked token: make their plan with a higher --rate, or raise --eval-steps`,
    );
  }
  return { loss: loss / masked, masked, accuracy: correct / masked };
}
