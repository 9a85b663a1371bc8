import { ArgumentError } from '@maskloom/core';
import { LoaderClosedError } from '../errors.ts';
import { checkAddress } from '../global-batch.ts';
import type { Position } from '../loader.ts';
import type { State } from '../state.ts';
import { type StageStart, type Stages, stepsBefore } from './stages.ts';
import {
  checkPosition,
  type StagesAddress,
  type StagesPosition,
  statesOf,
} from './stages-state.ts';

/** What a stream of batches is asked for, whatever gives it. */
export interface ReadOptions {
  readonly from?: Position;
  readonly steps?: number;
  readonly rank?: number;
  readonly world?: number;
}

/** Gives the batches of one stage's plan: a loader, or a client of a sidecar. */
export interface StageSource<Item, Options extends ReadOptions> {
  batches(options: Options): AsyncGenerator<Item, void, void>;
  close(): Promise<void>;
}

/** A batch with the number of its stage; its `next` is a state of the run. */
export type InStage<Item> = Item & { readonly stage: number };

/** How batches are read from stage to stage. */
export interface StageReaderOptions<Source> {
  readonly stages: Stages;
  /** Opens what gives the batches of a stage. */
  readonly open: (stage: number) => Promise<Source>;
  /** How many batches before the end of a stage the next is opened. */
  readonly openAhead: number;
}

/** The batches of one stage, begun: the first ones are on their way. */
interface Begun<Item> {
  readonly stage: number;
  readonly opened: Promise<{
    readonly stream: AsyncGenerator<Item, void, void>;
    readonly soonest: Promise<IteratorResult<Item, void>>;
  }>;
}

/**
 * Reads the batches of a run from stage to stage, wherever they come from; for those of loaders there is
 * `createStagesLoader`. Only the sources of stages that are being read are open.
 *
 * @example
 * ```ts
 * import { tokenMasking } from '@maskloom/core';
 * import { createLoader, createPlan, createStages, StageReader } from '@maskloom/loader';
 * import { openDataset } from '@maskloom/shards';
 * const dataset = await openDataset('data/sotu');
 * const plan = createPlan({ dataset, strategy: tokenMasking({ rate: 0.15 }), seed: 42n, batch: 8 });
 * const stages = createStages([{ plan, steps: 3 }, { plan, steps: 2 }]);
 * const open = () => createLoader({ plan, dataset, workers: 0 });
 * const reader = new StageReader({ stages, open, openAhead: 64 });
 * for await (const { stage, step } of reader.batches({})) console.log(stage, step);
 * await reader.close();
 * ```
 */
export class StageReader<
  Item extends { readonly next: State },
  Options extends ReadOptions,
  Source extends StageSource<Item, Options>,
> {
  readonly #stages: Stages;
  readonly #open: (stage: number) => Promise<Source>;
  readonly #openAhead: number;
  readonly #stateAt: (address: StagesAddress) => State;
  readonly #sources = new Map<number, { readonly source: Promise<Source>; users: number }>();
  #closed = false;

  constructor({ stages, open, openAhead }: StageReaderOptions<Source>) {
    if (!Number.isSafeInteger(openAhead) || openAhead < 0) {
      throw new ArgumentError('openAhead', 'an integer from 0', openAhead);
    }
    this.#stages = stages;
    // What it throws before it returns a promise, too, is a source that cannot be opened.
    this.#open = async (stage) => await open(stage);
    this.#openAhead = openAhead;
    this.#stateAt = statesOf(stages);
  }

  async *batches(
    options: Omit<Options, 'from'> & { readonly from?: StagesPosition },
  ): AsyncGenerator<InStage<Item>, void, void> {
    const { from = this.#start(), steps = Number.POSITIVE_INFINITY, ...rest } = options;
    const { stage: first, ...start } = checkPosition(this.#stages, from);
    let left = this.#checkSteps(first, start, steps, rest as ReadOptions);
    /** This stage, and the next once it is about to come. */
    const begun: Begun<Item>[] = [];
    const begin = (stage: number, address: StageStart, count: number) => {
      const opened = this.use(stage).then((source) => {
        const asked = { ...rest, from: address, steps: count } as unknown as Options;
        const stream = source.batches(asked);
        const soonest = stream.next();
        // Awaited in turn below; until then a failure must not count as unhandled.
        soonest.catch(() => {});
        return { stream, soonest };
      });
      opened.catch(() => {});
      begun.push({ stage, opened });
    };

    try {
      if (left > 0) begin(first, start, Math.min(left, this.#left(first, start)));
      for (let stage = first, address: StageStart = start; left > 0; stage++) {
        const count = Math.min(left, this.#left(stage, address));
        const next = this.#stages.stages[stage + 1];
        const { stream, soonest } = await begun[0]!.opened;
        let result = await soonest;
        for (let done = 0; result.done !== true; result = await stream.next()) {
          const behind = count - ++done;
          const soon = behind <= this.#openAhead && left > count && begun.length === 1;
          if (next !== undefined && soon) {
            begin(stage + 1, next.from, Math.min(left - count, next.steps));
          }
          yield this.inStage(stage, result.value);
        }
        left -= count;
        begun.shift();
        await this.leave(stage);
        if (next !== undefined) address = next.from;
      }
    } finally {
      for (const { stage, opened } of begun) {
        const { stream } = (await opened.catch(() => undefined)) ?? {};
        await stream?.return();
        await this.leave(stage);
      }
    }
  }

  /** A batch of a stage's plan as one of the run. */
  inStage(stage: number, item: Item): InStage<Item> {
    const { epoch, step } = item.next;
    return { ...item, stage, next: this.#stateAt({ stage, epoch, step }) };
  }

  /** The source of a stage, open until all that use it have left. */
  async use(stage: number): Promise<Source> {
    if (this.#closed) throw new LoaderClosedError();
    let entry = this.#sources.get(stage);
    if (entry === undefined) {
      entry = { source: this.#open(stage), users: 0 };
      this.#sources.set(stage, entry);
    }
    entry.users++;
    return await entry.source;
  }

  async leave(stage: number): Promise<void> {
    const entry = this.#sources.get(stage);
    if (entry === undefined || --entry.users > 0) return;
    this.#sources.delete(stage);
    const source = await entry.source.catch(() => undefined);
    await source?.close();
  }

  /** Closes what is open; nothing is opened any more. */
  async close(): Promise<void> {
    this.#closed = true;
    const open = [...this.#sources.values()];
    this.#sources.clear();
    await Promise.all(
      open.map(async ({ source }) => (await source.catch(() => undefined))?.close()),
    );
  }

  /** The first address of the run. */
  #start(): StagesAddress {
    return { stage: 0, ...this.#stages.stages[0]!.from };
  }

  /** How many batches of a stage are left from an address on. */
  #left(stage: number, address: StageStart): number {
    const given = this.#stages.stages[stage]!;
    return given.steps - stepsBefore(given, address);
  }

  /** Checks how many batches are asked for, and as which rank, in every stage to come; gives how many there are. */
  #checkSteps(
    first: number,
    start: StageStart,
    steps: number,
    { rank = 0, world = 1 }: ReadOptions,
  ): number {
    if (steps !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(steps) && steps >= 0)) {
      throw new ArgumentError('steps', 'an integer from 0', steps);
    }
    let left = 0;
    const { stages } = this.#stages;
    for (let stage = first; stage < stages.length && left < steps; stage++) {
      const { plan, from } = stages[stage]!;
      checkAddress(plan, { ...from, rank, world });
      left += stage === first ? this.#left(stage, start) : stages[stage]!.steps;
    }
    return Math.min(left, steps);
  }
}
