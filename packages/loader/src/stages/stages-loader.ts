import { ArgumentError } from '@maskloom/core';
import type { Batch } from '../batch.ts';
import { type BatchAddress, checkAddress } from '../global-batch.ts';
import type { LayoutSpec } from '../layouts/layout-spec.ts';
import type { BatchesOptions, Loader } from '../loader.ts';
import type { Plan } from '../plan.ts';
import type { State } from '../state.ts';
import { type Stages, stagesId, stepsBefore } from './stages.ts';
import {
  checkPosition,
  type StagesAddress,
  type StagesPosition,
  statesOf,
} from './stages-state.ts';

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
  batch(
    address: BatchAddress & {
      readonly stage: number;
      readonly layout?: LayoutSpec;
      readonly digest?: boolean;
    },
  ): Promise<StageBatch>;
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
  const { openAhead = 64 } = options;
  if (!Number.isSafeInteger(openAhead) || openAhead < 0) {
    throw new ArgumentError('openAhead', 'an integer from 0', openAhead);
  }
  return new OpeningStagesLoader({ ...options, openAhead });
}

/** The batches of one stage, begun: those of the ring are being computed. */
interface Begun {
  readonly stage: number;
  readonly opened: Promise<Opened>;
}

interface Opened {
  readonly stream: AsyncGenerator<Batch, void, void>;
  readonly first: Promise<IteratorResult<Batch, void>>;
}

class OpeningStagesLoader implements StagesLoader {
  readonly stages: Stages;
  readonly stagesId: string;
  readonly steps: number;
  readonly #open: (stage: number) => Promise<Loader>;
  readonly #openAhead: number;
  readonly #stateAt: (address: StagesAddress) => State;
  readonly #loaders = new Map<number, { readonly loader: Promise<Loader>; users: number }>();
  /** The stage that `batch` keeps open. */
  #held: number | undefined;

  constructor({ stages, open, openAhead }: Required<StagesLoaderOptions>) {
    this.stages = stages;
    this.stagesId = stagesId(stages);
    this.steps = stages.stages.reduce((sum, { steps }) => sum + steps, 0);
    this.#open = async (stage) => await open(stages.stages[stage]!.plan, stage);
    this.#openAhead = openAhead;
    this.#stateAt = statesOf(stages);
  }

  async batch(
    address: BatchAddress & {
      readonly stage: number;
      readonly layout?: LayoutSpec;
      readonly digest?: boolean;
    },
  ): Promise<StageBatch> {
    const { stage, ...rest } = address;
    const given = this.stages.stages[stage];
    if (given === undefined) {
      throw new ArgumentError(
        'stage',
        `an integer from 0 to ${this.stages.stages.length - 1}`,
        stage,
      );
    }
    const before = stepsBefore(given, rest);
    if (!(before >= 0 && before < given.steps)) {
      const expected = `one of the ${given.steps} of stage ${stage}`;
      throw new ArgumentError('epoch and step', expected, `${rest.epoch}, ${rest.step}`);
    }
    const loader = this.#use(stage);
    const held = this.#held;
    this.#held = stage;
    if (held !== undefined) await this.#leave(held);
    return this.#batch(stage, await (await loader).batch(rest));
  }

  async *batches(options: StagesBatchesOptions = {}): AsyncGenerator<StageBatch, void, void> {
    const { from = this.#start(), steps = Number.POSITIVE_INFINITY, ...rest } = options;
    const { stage: first, ...start } = checkPosition(this.stages, from);
    let left = this.#checkSteps(first, start, steps, rest);
    /** This stage, and the next once it is about to come. */
    const begun: Begun[] = [];
    const begin = (stage: number, address: { epoch: number; step: number }, count: number) => {
      const opened = this.#use(stage).then((loader) => {
        const stream = loader.batches({ ...rest, from: address, steps: count });
        const first = stream.next();
        // Awaited in turn below; until then a failure must not count as unhandled.
        first.catch(() => {});
        return { stream, first };
      });
      opened.catch(() => {});
      begun.push({ stage, opened });
    };

    try {
      if (left > 0) begin(first, start, Math.min(left, this.#left(first, start)));
      for (let stage = first, address = start; left > 0; stage++) {
        const count = Math.min(left, this.#left(stage, address));
        const next = this.stages.stages[stage + 1];
        const { stream, first: soonest } = await begun[0]!.opened;
        let result = await soonest;
        for (let done = 0; result.done !== true; result = await stream.next()) {
          const behind = count - ++done;
          if (
            next !== undefined &&
            left > count &&
            begun.length === 1 &&
            behind <= this.#openAhead
          ) {
            begin(stage + 1, next.from, Math.min(left - count, next.steps));
          }
          yield this.#batch(stage, result.value);
        }
        left -= count;
        begun.shift();
        await this.#leave(stage);
        if (next !== undefined) address = next.from;
      }
    } finally {
      for (const { stage, opened } of begun) {
        const { stream } = (await opened.catch(() => undefined)) ?? {};
        await stream?.return();
        await this.#leave(stage);
      }
    }
  }

  async close(): Promise<void> {
    const open = [...this.#loaders.values()];
    this.#loaders.clear();
    this.#held = undefined;
    await Promise.all(
      open.map(async ({ loader }) => (await loader.catch(() => undefined))?.close()),
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The first address of the run. */
  #start(): StagesAddress {
    return { stage: 0, ...this.stages.stages[0]!.from };
  }

  /** How many batches of a stage are left from an address on. */
  #left(stage: number, address: { epoch: number; step: number }): number {
    const given = this.stages.stages[stage]!;
    return given.steps - stepsBefore(given, address);
  }

  /** Checks how many batches are asked for, and as which rank, in every stage to come; gives how many there are. */
  #checkSteps(
    first: number,
    start: { epoch: number; step: number },
    steps: number,
    { rank = 0, world = 1 }: StagesBatchesOptions,
  ): number {
    if (steps !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(steps) && steps >= 0)) {
      throw new ArgumentError('steps', 'an integer from 0', steps);
    }
    let left = 0;
    for (let stage = first; stage < this.stages.stages.length && left < steps; stage++) {
      const { plan, from } = this.stages.stages[stage]!;
      checkAddress(plan, { ...from, rank, world });
      left += stage === first ? this.#left(stage, start) : this.stages.stages[stage]!.steps;
    }
    return Math.min(left, steps);
  }

  /** The loader of a stage, open until all that use it have left. */
  #use(stage: number): Promise<Loader> {
    let entry = this.#loaders.get(stage);
    if (entry === undefined) {
      entry = { loader: this.#open(stage), users: 0 };
      this.#loaders.set(stage, entry);
    }
    entry.users++;
    return entry.loader;
  }

  async #leave(stage: number): Promise<void> {
    const entry = this.#loaders.get(stage);
    if (entry === undefined || --entry.users > 0) return;
    this.#loaders.delete(stage);
    const loader = await entry.loader.catch(() => undefined);
    await loader?.close();
  }

  #batch(stage: number, batch: Batch): StageBatch {
    const { epoch, step } = batch.next;
    return { ...batch, stage, next: this.#stateAt({ stage, epoch, step }) };
  }
}
