import type { Architecture } from '../model/config.ts';
import type { Precision } from '../model/precision.ts';
import type { DataOptions } from './data.ts';
import type { OptimizerOptions } from './optimizers/optimizer.ts';
import type { Schedule } from './schedule.ts';

/** A training run, as the command line or `run.yaml` gives it. */
export interface RunOptions extends DataOptions, OptimizerOptions {
  /** Steps between evaluations. */
  readonly evalEvery: number;
  /** Batches of an evaluation; 0 for an epoch. */
  readonly evalSteps: number;
  /** Evaluations without a better one after which to stop; 0 for never. */
  readonly patience: number;
  readonly architecture: Architecture;
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly intermediate: number;
  /** Width of the token table, where it is factorised. */
  readonly embedding?: number;
  readonly norm: 'post' | 'pre';
  readonly dropout: number;
  readonly precision: Precision;
  /** Longest row; 0 for the data's longest sample. */
  readonly length: number;
  readonly generatorSize: number;
  readonly discriminatorWeight: number;
  /** Folder with the parameters to begin with. */
  readonly initFrom?: string;
  readonly steps: number;
  readonly optimizer: 'adamw' | 'lamb';
  /** Peak learning rate. */
  readonly lr: number;
  readonly schedule: Schedule;
  readonly warmup: number;
  /** Largest norm of the gradient; 0 for none. */
  readonly clip: number;
  /** Parts in which a batch is computed. */
  readonly accumulate: number;
  readonly seed: bigint;
  /** The run's folder. */
  readonly out?: string;
  /** The log's file. */
  readonly log?: string;
  /** Steps between checkpoints; 0 for those at the end and at the best evaluation only. */
  readonly checkpointEvery: number;
  /** Checkpoints that are kept, beside the best. */
  readonly keep: number;
  /** Folder of a tokenizer that checkpoints get a copy of. */
  readonly tokenizer?: string;
  /** Go on from the newest checkpoint of `out`. */
  readonly resume: boolean;
}
