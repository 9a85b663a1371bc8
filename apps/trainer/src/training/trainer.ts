import { defaultDevice, jit, tree } from '@jax-js/jax';
import type { HostTensors } from '../checkpoint/safetensors.ts';
import { TrainingError } from '../errors.ts';
import { toDevice, toHost } from '../model/host-parameters.ts';
import type { BatchRandomness, Counts, Model, Sums } from '../model/model.ts';
import { initialParameters, type Parameters, sizeOf, zerosLike } from '../model/parameters.ts';
import type { Peers } from '../ranks/peers.ts';
import type { HostBatch } from './batch.ts';
import { adamW } from './optimizers/adamw.ts';
import { clipFactor, gradientNorm } from './optimizers/clip.ts';
import { lamb } from './optimizers/lamb.ts';
import {
  initialMoments,
  type Moments,
  type OptimizerOptions,
  type StepScale,
  stepScale,
  update,
} from './optimizers/optimizer.ts';
import { joinTables, TableGradients } from './table-gradients.ts';

/** How a model is trained. */
export interface TrainerOptions extends OptimizerOptions {
  readonly optimizer: 'adamw' | 'lamb';
  /** Largest norm of the gradient; 0 for none. */
  readonly clip: number;
  readonly seed: bigint;
  /** The other ranks, if there are any. */
  readonly peers: Peers;
}

/** An update, as it is logged. */
export interface StepResult {
  /** What was minimised, before the update. */
  readonly loss: number;
  /** Its parts, by name. */
  readonly losses: Readonly<Record<string, number>>;
  /** Of the gradient before it was clipped. */
  readonly gradientNorm: number;
  /** Of the global batch. */
  readonly counts: Counts;
}

/** All values of a training run, on the host. */
export interface Snapshot {
  readonly parameters: HostTensors;
  readonly first: HostTensors;
  readonly second: HostTensors;
}

/** A model in training. */
export interface Trainer {
  readonly model: Model;
  /** Number of trained values. */
  readonly size: number;
  /**
   * One update on this rank's rows of a batch, which may come in parts: the result is the same.
   *
   * @throws {TrainingError} with code `LOSS`, before anything is changed, if the loss is no finite number
   */
  train(parts: readonly HostBatch[], step: number, rate: number): Promise<StepResult>;
  /** Sums over a batch, without training on it. */
  evaluate(batch: HostBatch): Promise<Sums>;
  /** Float32Array[M * vocab]: what the model says of the masked positions. */
  predict(batch: HostBatch): Promise<Float32Array<ArrayBuffer>>;
  snapshot(): Promise<Snapshot>;
  /** Goes on from a snapshot of the same model; from its parameters alone if it has no moments. */
  restore(snapshot: Pick<Snapshot, 'parameters'> & Partial<Snapshot>): void;
  /** Frees the device's memory. */
  dispose(): void;
}

/** Starts a model from its seed. */
export function createTrainer(model: Model, options: TrainerOptions): Trainer {
  const { seed, peers } = options;
  const direction = options.optimizer === 'lamb' ? lamb : adamW;
  let parameters = initialParameters(model.specs, seed);
  let moments = initialMoments(parameters);

  const add = jit((first: Parameters, second: Parameters) =>
    Object.fromEntries(
      Object.entries(first).map(([name, value]) => [name, value.add(second[name]!)]),
    ),
  );

  const join = jit(joinTables);

  const normOf = jit(gradientNorm);

  const apply = jit(
    (parameters: Parameters, gradients: Parameters, moments: Moments, scale: StepScale) =>
      update(parameters, gradients, moments, scale, options, direction),
  );

  /** Gradients of this rank's rows, and the sums of their losses. */
  async function gradientsOf(
    parts: readonly HostBatch[],
    counts: Counts,
    randomness: BatchRandomness,
  ): Promise<{ gradients: Parameters; losses: Record<string, number> }> {
    const scales = Object.fromEntries(
      model.losses.map(({ name, over, weight }) => [name, weight / Math.max(1, counts[over])]),
    );
    const tables = new TableGradients(model.tables);
    const losses: Record<string, number> = {};
    let gradients: Parameters | undefined;
    for (const part of parts) {
      if (part.rows === 0) continue;
      const found = await model.gradients(parameters, part, scales, randomness);
      gradients = gradients === undefined ? found.gradients : add(gradients, found.gradients);
      for (const lookup of found.lookups) tables.add(lookup);
      for (const [name, sum] of Object.entries(found.losses)) {
        losses[name] = (losses[name] ?? 0) + sum;
      }
    }
    if (gradients === undefined)
      return { gradients: zerosLike(parameters), losses: noLosses(model) };
    return { gradients: join(gradients, tables.toDevice()), losses };
  }

  return {
    model,
    size: model.specs.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    async train(parts, step, rate) {
      const { counts, rowsBefore } = await peers.sumCounts(countsOf(parts));
      const placed = parts.map((part) => ({ ...part, firstRow: rowsBefore + part.firstRow }));
      const own = await gradientsOf(placed, counts, { seed, step });
      const { gradients, losses } = await peers.sumGradients(own.gradients, own.losses);
      const means = Object.fromEntries(
        model.losses.map(({ name, over }) => [name, losses[name]! / Math.max(1, counts[over])]),
      );
      const loss = model.losses.reduce((sum, { name, weight }) => sum + weight * means[name]!, 0);
      const norm = (await normOf(tree.ref(gradients)).data())[0]!;
      checkLoss(loss, norm, counts);
      const scale = stepScale(step, rate, options, clipFactor(norm, options.clip));
      const next = apply(parameters, gradients, moments, scale);
      parameters = next.parameters;
      moments = next.moments;
      return { loss, losses: means, gradientNorm: norm, counts };
    },
    evaluate: (batch) => model.evaluate(parameters, batch),
    predict: (batch) => model.predict(parameters, batch),
    async snapshot() {
      return {
        parameters: await toHost(parameters),
        first: await toHost(moments.first),
        second: await toHost(moments.second),
      };
    },
    restore(snapshot) {
      // First what may fail: then the trainer is as it was, and can be disposed of.
      const loaded = toDevice(snapshot.parameters, model.specs);
      const { first, second } = snapshot;
      const loadedMoments =
        first === undefined || second === undefined
          ? initialMoments(loaded)
          : { first: toDevice(first, model.specs), second: toDevice(second, model.specs) };
      tree.dispose(parameters);
      tree.dispose(moments);
      parameters = loaded;
      moments = loadedMoments;
    },
    dispose() {
      tree.dispose(parameters);
      tree.dispose(moments);
      for (const step of [add, join, normOf, apply]) step.dispose();
      model.dispose();
    },
  };
}

function noLosses({ losses }: Model): Record<string, number> {
  return Object.fromEntries(losses.map(({ name }) => [name, 0]));
}

function countsOf(parts: readonly HostBatch[]): Counts {
  const sum = (key: keyof Counts): number => parts.reduce((total, part) => total + part[key], 0);
  return { masked: sum('masked'), rows: sum('rows'), tokens: sum('tokens') };
}

/** A zero is what a failed GPU reads back, unless there was nothing to predict; on Wasm all may have been learnt by heart. */
function checkLoss(loss: number, norm: number, { masked }: Counts): void {
  const isZeroFine = masked === 0 || defaultDevice() === 'wasm';
  if (!(Number.isFinite(loss) && (loss > 0 || (loss === 0 && isZeroFine)))) {
    const expected = isZeroFine ? 'a finite number from 0' : 'a finite number above 0';
    throw new TrainingError('LOSS', `The loss is ${loss}, expected ${expected}`);
  }
  if (!Number.isFinite(norm)) {
    const expected = 'expected a finite number';
    throw new TrainingError('LOSS', `The loss is ${loss} and its gradient ${norm}, ${expected}`);
  }
}
