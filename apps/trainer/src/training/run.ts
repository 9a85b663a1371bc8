import { type Client, connect, StreamDigest } from '@maskloom/client';
import { TrainingError } from '../errors.ts';
import type { Log } from '../watch/log.ts';
import { checkConfig } from '../model/config.ts';
import type { Progress } from '../watch/progress.ts';
import { hostBatch } from './batch.ts';
import { evaluate } from './evaluate.ts';
import { learningRate } from './schedule.ts';
import { createTrainer, type Trainer } from './trainer.ts';

/** A training run. */
export interface RunOptions {
  /** Addresses of the sidecar and its replicas. */
  readonly url: readonly string[];
  /** Seconds of silence after which a sidecar counts as gone. */
  readonly timeout: number;
  /** Address of a sidecar with held-out data. */
  readonly evalUrl?: string;
  /** Steps between evaluations. */
  readonly evalEvery: number;
  /** Batches of an evaluation. */
  readonly evalSteps: number;
  readonly steps: number;
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  /** Peak learning rate. */
  readonly lr: number;
  readonly warmup: number;
  readonly seed: bigint;
}

/** What a run came to. */
export interface RunResult {
  /** The stream digest of all that was trained on. */
  readonly digest: string;
  readonly losses: readonly number[];
}

/** Where a run tells what it does. */
export interface RunObserver {
  readonly log: Log;
  readonly progress: Progress;
  readonly device: { readonly device: string; readonly reason: string };
  /** Throws what went wrong meanwhile, such as a GPU error. */
  check(): void;
}

/**
 * Trains a BERT on the batches of a sidecar.
 *
 * @throws {SidecarError} when no replica answers any more.
 * @throws {TrainingError} when the loss is no positive number, naming the step; or when the held-out data
 * is of another vocabulary.
 */
export async function run(options: RunOptions, observer: RunObserver): Promise<RunResult> {
  const { steps, layers, hidden, heads, seed } = options;
  const { log, progress, device } = observer;
  const limits = { timeout: options.timeout * 1000 };
  const client = await connect(options.url, limits);
  const held = options.evalUrl === undefined ? undefined : await connect(options.evalUrl, limits);
  if (held !== undefined && held.vocab.size !== client.vocab.size) {
    throw new TrainingError(
      'DATA',
      `The held-out data has a vocabulary of ${held.vocab.size} ids, the training data one of ${client.vocab.size}: encode both with the same tokenizer`,
    );
  }
  const { strategy } = client.plan;
  if (strategy.type === 'sentence-order') {
    throw new TrainingError(
      'MODEL',
      'The plan asks for sentence order, which this model has no head for: serve a plan made without --sentence-order',
    );
  }
  if (strategy.type === 'span-corruption') {
    throw new TrainingError(
      'MODEL',
      'The plan corrupts spans, which is for encoder-decoder models, and this model is an encoder: serve a plan made with another --strategy',
    );
  }
  const config = checkConfig({
    vocab: client.vocab.size,
    length: Math.max(client.longest, held?.longest ?? 0),
    layers,
    hidden,
    heads,
  });
  const shape = { ...config, padId: client.vocab.padId };
  const trainer = createTrainer(config, seed);
  log.write({
    type: 'start',
    device: device.device,
    deviceReason: device.reason,
    parameters: trainer.parameters,
    vocab: config.vocab,
    planId: client.planId,
    seed: String(seed),
  });

  const digest = new StreamDigest(client.planId);
  const losses: number[] = [];
  const began = performance.now();
  let asked = began;
  for await (const { epoch, step: batchStep, batch } of client.batches({
    steps,
    layout: 'compact',
  })) {
    const received = performance.now();
    const step = losses.length;
    digest.update(batch);
    const host = hostBatch(batch, shape);
    const lr = learningRate(step, { peak: options.lr, warmup: options.warmup, steps });
    const loss = await trainer.train(host, lr);
    observer.check();
    // A zero is what a failed GPU reads back, unless there was nothing to predict.
    if (host.masked > 0 && !(loss > 0 && Number.isFinite(loss))) {
      throw new TrainingError(
        'LOSS',
        `The loss of step ${step} (epoch ${epoch}, step ${batchStep} of plan ${client.planId}) is ${loss}: lower --lr; see the batch with \`maskloom preview --epoch ${epoch}\``,
      );
    }
    losses.push(loss);
    const done = performance.now();
    const seconds = (done - asked) / 1000;
    const waiting = (received - asked) / 1000;
    log.write({
      type: 'step',
      step,
      loss,
      masked: host.masked,
      tokens: host.tokens,
      seconds,
      waiting,
      lr,
    });
    progress.update(step + 1, `loss ${loss.toFixed(3)}  ${seconds.toFixed(2)} s a step`);
    if (held !== undefined && ((step + 1) % options.evalEvery === 0 || step + 1 === steps)) {
      await evaluateAt(step + 1, trainer, held, options, config, observer);
    }
    asked = performance.now();
  }
  const seconds = (performance.now() - began) / 1000;
  log.write({ type: 'end', steps, digest: digest.hex(), seconds });
  trainer.dispose();
  return { digest: digest.hex(), losses };
}

async function evaluateAt(
  step: number,
  trainer: Trainer,
  client: Client,
  { evalSteps }: RunOptions,
  shape: { readonly length: number; readonly vocab: number },
  { log, progress, check }: RunObserver,
): Promise<void> {
  const { loss, masked, accuracy } = await evaluate(trainer, client, evalSteps, shape);
  check();
  log.write({ type: 'eval', step, loss, masked, accuracy });
  progress.line(
    `held out after ${step} steps: loss ${loss.toFixed(3)}, ${(100 * accuracy).toFixed(1)} % right of ${masked} masked tokens`,
  );
}
