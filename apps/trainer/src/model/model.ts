import type { HostBatch } from '../training/batch.ts';
import type { ModelConfig } from './config.ts';
import type { DropoutSite } from './dropout.ts';
import type { Tables } from './encoders/encoder.ts';
import type { ParameterSpec, Parameters } from './parameters.ts';

/** Factors that turn a batch's sums into its share of the loss: one over the global batch's counts, times a weight. */
export type Scales = Readonly<Record<string, number>>;

/** What a loss is a mean over: masked tokens, rows, or all tokens. */
export type Counts = { readonly masked: number; readonly rows: number; readonly tokens: number };

/** Sums over a batch, by name. */
export type Sums = Readonly<Record<string, number>>;

/** The part of a gradient that came through rows of the tables. */
export interface LookupGradient {
  /** Float32Array[T * embedding]: by each token's sum of table rows. */
  readonly gradient: Float32Array<ArrayBuffer>;
  /** Which rows its tokens read. */
  readonly batch: Pick<HostBatch, 'ids' | 'places' | 'sentences'>;
}

/** What a batch says of the parameters. */
export interface BatchGradients {
  /** Sums of the losses, by the names of the model's `losses`. */
  readonly losses: Sums;
  /** By parameters; what came through lookups is listed apart, since it has to be summed in a fixed order. */
  readonly gradients: Parameters;
  readonly lookups: readonly LookupGradient[];
}

/** A part of what is minimised: a sum over a batch, divided by a count of the global batch. */
export interface LossPart {
  readonly name: string;
  readonly over: keyof Counts;
  readonly weight: number;
}

/** Something to train. Parameters are borrowed, never consumed. */
export interface Model {
  readonly config: ModelConfig;
  readonly specs: readonly ParameterSpec[];
  /** What tokens are looked up in. */
  readonly tables: Tables;
  readonly losses: readonly LossPart[];
  /** Where values are dropped, in order, in each pass over a row. */
  readonly passes: readonly (readonly DropoutSite[])[];
  /** Sums of the losses over a batch, and the gradient of their scaled sum. */
  gradients(
    parameters: Parameters,
    batch: HostBatch,
    scales: Scales,
    randomness: BatchRandomness,
  ): Promise<BatchGradients>;
  /** Sums of losses and of right answers, with nothing dropped. */
  evaluate(parameters: Parameters, batch: HostBatch): Promise<Sums>;
  /** Float32Array[M * vocab]: what the model says of the masked positions. */
  predict(parameters: Parameters, batch: HostBatch): Promise<Float32Array<ArrayBuffer>>;
  dispose(): void;
}

/** By what a batch's randomness is drawn. */
export interface BatchRandomness {
  readonly seed: bigint;
  /** Optimiser step, from 0. */
  readonly step: number;
}
