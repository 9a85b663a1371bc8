import { ArgumentError } from '@maskloom/core';
import type { Batch } from '../batch.ts';
import type { BatchAddress } from '../global-batch.ts';
import type { LayoutSpec } from '../layouts/layout-spec.ts';
import type { BatchesOptions, Loader } from '../loader.ts';
import type { Plan } from '../plan.ts';
import { StageReader } from './stage-reader.ts';
import { type Stages, stagesId, stepsBefore } from './stages.ts';
import type { StagesPosition } from './stages-state.ts';

/** Options of {@linkcode createStagesLoader}. */
export interface StagesLoaderOptions {
  readonly stages: Stages;
  /** Opens the loader of a stage: the next stage's a little before its first batch is asked for. */
  readonly open: (plan: Plan, stage: number) => Promise<Loader>;
  /** How many batches before the end of a stage the loader of the next is opened. Default 64. */
  readonly openAhead?: number;
}

/** A batch of a run in stages. */
export interface StageBatch extends Batch {
  /** The number of its stage; epoch and step are those of the stage's plan. */
  readonly stage: number;
}

/** One batch of a run in stages, and how it is laid out. */
export interface StageBatchAddress extends BatchAddress {
  readonly stage: number;
  readonly layout?: LayoutSpec;
  readonly digest?: boolean;
}

/** Options of `batches()` of a run in stages: as those of a loader. */
export interface StagesBatchesOptions extends Omit<BatchesOptions, 'from'> {
  /** Where to start: an address, or a state that `next` gave. Default the first batch of the first stage. */
  readonly from?: StagesPosition;
}

/** Gives the batches of a run in stages. */
export interface StagesLoader {
  readonly stages: Stages;
  /** Where the run's stream digest starts. */
  readonly stagesId: string;
  /** Batches of all stages. */
  readonly steps: number;
  /** Computes one batch, in memory of its own. */
  batch(address: StageBatchAddress): Promise<StageBatch>;
  /**
   * Streams batches in order, from stage to stage, up to the end of the last. A batch is valid until the next is
   * asked for. The first batches of a stage are computed while the last ones of the stage before are consumed.
   */
  batches(options?: StagesBatchesOptions): AsyncGenerator<StageBatch, void, void>;
  /** Closes the loaders that are open. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * A loader over the stages of a run. Only the loaders of stages that are being read are open.
 *
 * @throws {PlanError} from `batches` with code `STATE_STAGES` for a state of other stages.
 * @throws {ArgumentError} from `batch` and `batches` for an address that is in no stage, or a number of ranks that
 * does not divide the batch of every stage to come.
 *
 * @example
 * ```ts
 * import { tokenMasking } from '@maskloom/core';
 * import { createLoader, createPlan, createStages, createStagesLoader, type Plan } from '@maskloom/loader';
 * import { openDataset } from '@maskloom/shards';
 * const dataset = await openDataset('data/sotu');
 * const plan = (batch: number) =>
 *   createPlan({ dataset, strategy: tokenMasking({ rate: 0.15 }), seed: 42n, batch });
 * const stages = createStages([{ plan: plan(8), steps: 20 }, { plan: plan(32), epochs: 2 }]);
 * const open = (plan: Plan) => createLoader({ plan, dataset, workers: 2 });
 * const loader = createStagesLoader({ stages, open });
 * for await (const batch of loader.batches()) {
 *   console.log(batch.stage, batch.epoch, batch.step, batch.next); // `next` is the state to checkpoint
 * }
 * await loader.close();
 * ```
 */
export function createStagesLoader(options: StagesLoaderOptions): StagesLoader {
  return new OpeningStagesLoader(options);
}

class OpeningStagesLoader implements StagesLoader {
  readonly stages: Stages;
  readonly stagesId: string;
  readonly steps: number;
  readonly #reader: StageReader<Batch, BatchesOptions, Loader>;
  /** The stage that `batch` keeps open. */
  #held: number | undefined;

  constructor({ stages, open, openAhead = 64 }: StagesLoaderOptions) {
    this.stages = stages;
    this.stagesId = stagesId(stages);
    this.steps = stages.stages.reduce((sum, { steps }) => sum + steps, 0);
    this.#reader = new StageReader({
      stages,
      openAhead,
      open: (stage) => open(stages.stages[stage]!.plan, stage),
    });
  }

  async batch(address: StageBatchAddress): Promise<StageBatch> {
    const { stage, ...rest } = address;
    const given = this.stages.stages[stage];
    if (given === undefined) {
      const expected = `an integer from 0 to ${this.stages.stages.length - 1}`;
      throw new ArgumentError('stage', expected, stage);
    }
    const before = stepsBefore(given, rest);
    if (!(before >= 0 && before < given.steps)) {
      const expected = `one of the ${given.steps} of stage ${stage}`;
      throw new ArgumentError('epoch and step', expected, `${rest.epoch}, ${rest.step}`);
    }
    const loader = this.#reader.use(stage);
    const held = this.#held;
    this.#held = stage;
    if (held !== undefined) await this.#reader.leave(held);
    return this.#reader.inStage(stage, await (await loader).batch(rest));
  }

  batches(options: StagesBatchesOptions = {}): AsyncGenerator<StageBatch, void, void> {
    return this.#reader.batches(options);
  }

  async close(): Promise<void> {
    this.#held = undefined;
    await this.#reader.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
