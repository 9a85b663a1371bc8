import { type Client, connect } from '@maskloom/client';
import { TrainingError } from '../errors.ts';
import type { Architecture } from '../model/config.ts';

/** Where batches come from. */
export interface DataOptions {
  /** Addresses of the sidecar and its replicas. */
  readonly url: readonly string[];
  /** Seconds of silence after which a sidecar counts as gone. */
  readonly timeout: number;
  /** Address of a sidecar with held-out data. */
  readonly evalUrl?: string;
}

/** Sidecars of a run. */
export interface Data {
  readonly train: Client;
  readonly heldOut?: Client;
  /** Tokens of the longest sample of both. */
  readonly longest: number;
}

/**
 * Connects to the sidecars of a run.
 *
 * @throws {SidecarError} if one does not answer
 * @throws {TrainingError} if the held-out data is of another tokenizer, or its plan of another objective
 */
export async function connectData({ url, timeout, evalUrl }: DataOptions): Promise<Data> {
  // The client waits twice as long after each failure, from 0.2 s: for as long as silence is borne, in all.
  const attempts = Math.ceil(Math.log2(1 + 5 * timeout)) + 1;
  const limits = { timeout: timeout * 1000 };
  const train = await connect(url, { ...limits, attempts: attempts * url.length });
  if (evalUrl === undefined) return { train, longest: train.longest };
  const heldOut = await connect(evalUrl, { ...limits, attempts });
  checkHeldOut(train, heldOut);
  return { train, heldOut, longest: Math.max(train.longest, heldOut.longest) };
}

/**
 * Checks that held-out data says something of a model that is trained on the other.
 *
 * @throws {TrainingError} if it is of another tokenizer, or its plan of another objective
 */
export function checkHeldOut(train: Client, heldOut: Client): void {
  const advice = 'encode both with the same tokenizer';
  if (heldOut.vocab.size !== train.vocab.size) {
    throw new TrainingError(
      'DATA',
      `The held-out data has a vocabulary of ${heldOut.vocab.size} ids, the training data one of ${train.vocab.size}: ${advice}`,
    );
  }
  if (heldOut.tokenizer !== train.tokenizer) {
    throw new TrainingError(
      'DATA',
      `The held-out data was encoded with tokenizer ${heldOut.tokenizer}, the training data with ${train.tokenizer}: ${advice}`,
    );
  }
  const [ours, theirs] = [train, heldOut].map(({ plan }) => objectiveOf(plan));
  if (ours === theirs) return;
  throw new TrainingError(
    'DATA',
    `The held-out plan is for ${theirs}, the training plan for ${ours}: make the held-out plan for the same, with --sentence-order where the training plan has it`,
  );
}

/** What of a plan decides which losses a model has on its batches. */
function objectiveOf({ strategy: { type } }: Client['plan']): string {
  if (type === 'span-corruption') return 'span corruption';
  return type === 'sentence-order' ? 'masked tokens and sentence order' : 'masked tokens';
}

/**
 * Checks that a model can be trained with the plan's objective; whether it needs a head for sentence order.
 *
 * @throws {TrainingError} if it can't
 */
export function needsSentenceOrder({ plan }: Client, architecture: Architecture): boolean {
  const { type } = plan.strategy;
  if (type === 'span-corruption') {
    throw new TrainingError(
      'MODEL',
      'The plan corrupts spans, which is for encoder-decoder models, and this model is an encoder: serve a plan made with another --strategy',
    );
  }
  const isOrder = type === 'sentence-order';
  if (isOrder && (architecture === 'electra' || architecture === 'modernbert')) {
    throw new TrainingError(
      'MODEL',
      `The plan asks for sentence order, which ${architecture} has no head for: serve a plan made without --sentence-order, or train a bert or an albert`,
    );
  }
  return isOrder;
}
