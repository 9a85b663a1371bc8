/**
 * @file What must hold of every way to get batches, in every runtime: without a test runner, so that Node, Deno and a
 * browser run this same file. test/runtimes/loader.test.ts runs it over all pools.
 */
import {
  type BatchAddress,
  type BatchesOptions,
  type Plan,
  type State,
  StreamDigest,
  sampleDigests,
} from '@maskloom/loader';
import { sha256, toHex } from '@maskloom/shards';
import type { RecordBatch } from 'apache-arrow';

/** What the cases ask of a stream's batch, from a loader or from a client. */
export interface Given {
  readonly epoch: number;
  readonly step: number;
  readonly recordBatch: RecordBatch;
  readonly next: State;
}

/** A loader, or a client that reads one. */
export interface Source {
  batches(options: BatchesOptions): AsyncGenerator<Given, void, void>;
  /** Where any batch can be asked for. */
  batch?(address: BatchAddress): Promise<Given>;
  close(): Promise<void>;
  /** Workers that failed so far. */
  readonly workerFailures?: number;
}

/** What a case asks of a pool beyond streams; where it is missing, the reason is given instead. */
export type Ability =
  | 'workers'
  | 'ring'
  | 'crash'
  | 'exit'
  | 'no answer'
  | 'endless loop'
  | 'out of memory';

/** A way to get batches. */
export interface PoolUnderTest {
  readonly name: string;
  /** Numbers of workers for the table. */
  readonly workers: readonly number[];
  /** Where a batch's columns are. */
  readonly memory: 'shared' | 'unshared';
  /** Why it lacks an ability. */
  readonly lacks: Partial<Record<Ability, string>>;
  open(options: OpenOptions): Promise<Source>;
}

/** How a case wants a source. */
export interface OpenOptions {
  readonly workers?: number;
  readonly patience?: number;
  /** Makes a worker fail in this way, once, when it is to compute this step. */
  readonly fault?: { readonly kind: string; readonly step: number };
}

/** What every pool must give: computed once, in the calling thread of Node. */
export interface Expected {
  readonly plan: Plan;
  readonly planId: string;
  readonly stepsPerEpoch: number;
  /** The stream digest of the table's steps. */
  readonly tableDigest: string;
  /** Batch digests from the first step of all on, hexadecimal. */
  readonly steps: readonly string[];
}

/** One thing that must hold of every pool. */
export interface Case {
  readonly name: string;
  readonly needs?: readonly Ability[];
  run(pool: PoolUnderTest, expected: Expected): Promise<void>;
}

/** What became of a case. */
export interface CaseResult {
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** What did not hold, or why it was skipped. */
  readonly detail?: string;
}

/** Runs all cases over a pool. */
export async function runCases(pool: PoolUnderTest, expected: Expected): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  for (const { name, needs = [], run } of cases) {
    const missing = needs.find((ability) => pool.lacks[ability] !== undefined);
    if (missing !== undefined) {
      results.push({ name, outcome: 'skipped', detail: pool.lacks[missing]! });
      continue;
    }
    try {
      await run(pool, expected);
      results.push({ name, outcome: 'passed' });
    } catch (error) {
      const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
      results.push({ name, outcome: 'failed', detail });
    }
  }
  await (await shared.get(pool))?.close();
  return results;
}

const resumed = [
  ['from the first step of all', 0],
  ['from the second step', 1],
  ['from the last step of an epoch', -1],
  ['from an epoch’s end, where the next begins', 'epoch'],
] as const;

/** Steps of the table of workers, ranks and prefetch: over an epoch's end. */
export function tableSteps(stepsPerEpoch: number): number {
  return stepsPerEpoch + 2;
}

/** The cases, in their order. */
export const cases: readonly Case[] = [
  {
    name: 'any workers, ranks and prefetch give one stream digest',
    async run(pool, expected) {
      const digests: string[] = [];
      for (const workers of pool.workers) {
        await using source = await open(pool, { workers });
        for (const world of [1, 2, 4, 6]) {
          for (const prefetch of [0, 1, 8]) {
            const stream = new StreamDigest(expected.planId);
            const options = { steps: tableSteps(expected.stepsPerEpoch), prefetch };
            for await (const digest of globalBatches(source, world, options)) {
              stream.updateDigests(digest);
            }
            digests.push(stream.hex());
          }
        }
      }
      equal(new Set(digests), new Set([expected.tableDigest]));
      equal(digests.length, pool.workers.length * 12);
    },
  },
  {
    name: 'the batches are those of the calling thread, in every layout',
    async run(pool, expected) {
      await using source = await sharedSource(pool);
      for (const layout of ['dense', 'compact', 'varlen'] as const) {
        equal(await stepsOf(source, { steps: expected.steps.length, layout }), expected.steps);
      }
    },
  },
  ...resumed.map(
    ([from, at]): Case => ({
      name: `a run resumed ${from} is the undisturbed run, in any world`,
      async run(pool, { planId: plan, stepsPerEpoch, steps }) {
        const start = at === 'epoch' ? stepsPerEpoch : (at + stepsPerEpoch) % stepsPerEpoch;
        const state = stateAt(plan, start, stepsPerEpoch);
        await using source = await sharedSource(pool);
        for (const world of [1, 3]) {
          const options = { from: state, steps: 4, prefetch: 2 };
          const seen: string[] = [];
          for await (const digest of globalBatches(source, world, options)) seen.push(hash(digest));
          equal(seen, steps.slice(start, start + 4));
        }
      },
    }),
  ),
  {
    name: 'a run resumed twice in a row, and right after restoring, is the undisturbed run',
    async run(pool, { planId, stepsPerEpoch, steps }) {
      await using source = await sharedSource(pool);
      const seen: string[] = [];
      let state = stateAt(planId, 0, stepsPerEpoch);
      for (const taken of [2, 0, 3, 0, 0, 1, 4]) {
        const stream = source.batches({ from: state, prefetch: 3 });
        for (let count = 0; count < taken; count++) {
          const { value } = await stream.next();
          seen.push(hash(sampleDigests(value!.recordBatch)));
          state = value!.next;
        }
        await stream.return();
      }
      equal(seen, steps.slice(0, 10));
    },
  },
  {
    name: 'a run resumed with batches in flight, in another process even, is the undisturbed run',
    async run(pool, { stepsPerEpoch, steps }) {
      const first = await open(pool, {});
      const stream = first.batches({ prefetch: 8 });
      let state: State | undefined;
      const seen: string[] = [];
      for (let count = 0; count < 3; count++) {
        const { value } = await stream.next();
        seen.push(hash(sampleDigests(value!.recordBatch)));
        state = value!.next;
      }
      // Eight are under way; of their states nothing is known.
      await first.close();
      await using second = await open(pool, {});
      seen.push(...(await stepsOf(second, { from: state!, steps: stepsPerEpoch })));
      equal(seen, steps.slice(0, 3 + stepsPerEpoch));
    },
  },
  {
    name: 'any batch can be asked for by itself, at once with others',
    needs: ['ring'],
    async run(pool, { stepsPerEpoch, steps }) {
      await using source = await sharedSource(pool);
      const numbers = [5, 0, stepsPerEpoch + 1, 3, 3];
      const given = await Promise.all(
        numbers.map((number) =>
          source.batch!({
            epoch: Math.floor(number / stepsPerEpoch),
            step: number % stepsPerEpoch,
          }),
        ),
      );
      equal(
        given.map(({ recordBatch }) => hash(sampleDigests(recordBatch))),
        numbers.map((number) => steps[number]),
      );
    },
  },
  {
    name: 'batches of a stream lie in one memory, which is shared where the runtime has it',
    needs: ['ring'],
    async run(pool) {
      await using source = await sharedSource(pool);
      const buffers = new Set<ArrayBufferLike>();
      let kinds = '';
      for await (const { recordBatch } of source.batches({ steps: 12, prefetch: 2 })) {
        const { buffer } = recordBatch.getChild('input_ids')!.data[0]!.children[0]!.values;
        buffers.add(buffer);
        const shared = buffer.constructor.name === 'SharedArrayBuffer';
        kinds += shared ? 's' : 'u';
      }
      equal(kinds, (pool.memory === 'shared' ? 's' : 'u').repeat(12));
      // Transferred, every batch comes in a buffer of its own.
      const transferred = pool.memory === 'unshared' && pool.workers[0] !== 0;
      equal(buffers.size, transferred ? 12 : 1);
    },
  },
  {
    name: 'a batch stays as it is until the next is asked for',
    async run(pool, { steps }) {
      await using source = await sharedSource(pool);
      const seen: string[] = [];
      for await (const { recordBatch } of source.batches({ steps: 6, prefetch: 1 })) {
        await pause(20);
        seen.push(hash(sampleDigests(recordBatch)));
      }
      equal(seen, steps.slice(0, 6));
    },
  },
  {
    name: 'several streams at once do not disturb each other',
    async run(pool, { steps }) {
      await using source = await sharedSource(pool);
      const streams = [0, 2, 1, 4].map((prefetch) => stepsOf(source, { steps: 9, prefetch }));
      for (const seen of await Promise.all(streams)) equal(seen, steps.slice(0, 9));
    },
  },
  {
    name: 'an aborted stream ends with the reason, and the next is well',
    async run(pool, { steps }) {
      await using source = await sharedSource(pool);
      const controller = new AbortController();
      const error = await thrownBy(async () => {
        for await (const { step } of source.batches({ signal: controller.signal, prefetch: 3 })) {
          if (step === 2) controller.abort(new Error('enough'));
        }
      });
      equal(error?.message, 'enough');
      const before = await thrownBy(() => stepsOf(source, { signal: controller.signal }));
      equal(before?.message, 'enough');
      equal(await stepsOf(source, { steps: 5 }), steps.slice(0, 5));
    },
  },
  {
    name: 'a stream that is left early ends, and the next is well',
    async run(pool, { steps }) {
      await using source = await sharedSource(pool);
      for await (const { step } of source.batches({ prefetch: 3 })) if (step === 2) break;
      const stream = source.batches({});
      await stream.next();
      equal(await stream.return(), { done: true, value: undefined });
      equal(await stream.next(), { done: true, value: undefined });
      equal(await stepsOf(source, { steps: 5 }), steps.slice(0, 5));
    },
  },
  {
    name: 'bad addresses and states of other plans are refused with typed errors',
    async run(pool) {
      await using source = await sharedSource(pool);
      const from = { version: 1, plan: '0'.repeat(64), epoch: 0, step: 0 } as const;
      const other = await thrownBy(() => stepsOf(source, { from, steps: 1 }));
      truthy(/plan 0{64}/.test(other?.message ?? ''), other);
      const world = await thrownBy(() => stepsOf(source, { world: 5, steps: 1 }));
      truthy(/world is "?5"?, expected a divisor/.test(world?.message ?? ''), world);
      const step = await thrownBy(() =>
        stepsOf(source, { from: { epoch: 0, step: 99 }, steps: 1 }),
      );
      truthy(/step is "?99"?, expected an integer from 0/.test(step?.message ?? ''), step);
    },
  },
  {
    name: 'closing ends what is under way with a typed error, and closing again changes nothing',
    needs: ['ring'],
    async run(pool) {
      const source = await open(pool, {});
      const stream = source.batches({ prefetch: 4 });
      await stream.next();
      await Promise.all([source.close(), source.close()]);
      await source.close();
      const code = async (action: () => Promise<unknown>) =>
        ((await thrownBy(action)) as { code?: string } | undefined)?.code;
      equal(await code(() => stream.next()), 'LOADER_CLOSED');
      equal(await code(() => source.batch!({ epoch: 0, step: 0 })), 'LOADER_CLOSED');
      equal(await code(() => source.batches({}).next()), 'LOADER_CLOSED');
    },
  },
  recovery('crashes outside of its task', 'crash', 'throws outside of the task'),
  recovery('throws what is not of the batch', 'crash', 'throws something else'),
  recovery('ends itself', 'exit', 'exits'),
  recovery('never answers', 'no answer', 'never answers'),
  recovery('loops without end, writing to its slot', 'endless loop', 'loops and writes'),
  recovery('runs out of memory', 'out of memory', 'runs out of memory'),
];

/** A worker fails once; the stream does not change. */
function recovery(what: string, ability: Ability, kind: string): Case {
  return {
    name: `a worker that ${what} is replaced, and the stream does not change`,
    needs: ['workers', ability],
    async run(pool, { steps }) {
      const patience = ability === 'out of memory' ? 60_000 : 1000;
      await using source = await open(pool, { workers: 2, patience, fault: { kind, step: 4 } });
      equal(await stepsOf(source, { steps: 12, prefetch: 3 }), steps.slice(0, 12));
      equal(source.workerFailures, 1);
      // Nor does a stream after that.
      equal(await stepsOf(source, { steps: 12, prefetch: 3 }), steps.slice(0, 12));
      equal(source.workerFailures, 1);
    },
  };
}

/** Sources that cases share, one for each pool, since they leave it as it was. */
const shared = new Map<PoolUnderTest, Promise<Source>>();

/** The pool's shared source; closing it is for the suite's end. */
async function sharedSource(pool: PoolUnderTest): Promise<Source & AsyncDisposable> {
  const source = shared.get(pool) ?? pool.open({});
  shared.set(pool, source);
  return disposable(await source, async () => {});
}

/** A source of the case's own. */
async function open(pool: PoolUnderTest, options: OpenOptions): Promise<Source & AsyncDisposable> {
  const source = await pool.open(options);
  return disposable(source, () => source.close());
}

function disposable(source: Source, dispose: () => Promise<void>): Source & AsyncDisposable {
  return {
    batches: (options) => source.batches(options),
    batch: (address) => source.batch!(address),
    close: () => source.close(),
    get workerFailures() {
      return source.workerFailures ?? 0;
    },
    [Symbol.asyncDispose]: dispose,
  };
}

/** The sample digests of global batches, read by all ranks of a world side by side. */
async function* globalBatches(
  source: Pick<Source, 'batches'>,
  world: number,
  options: BatchesOptions,
): AsyncGenerator<Uint8Array, void, void> {
  const streams = Array.from({ length: world }, (_, rank) =>
    source.batches({ ...options, rank, world }),
  );
  for (;;) {
    const slices = await Promise.all(streams.map((stream) => stream.next()));
    if (slices[0]!.done) return;
    yield concatenated(slices.map(({ value }) => sampleDigests(value!.recordBatch)));
  }
}

async function stepsOf(
  source: Pick<Source, 'batches'>,
  options: BatchesOptions,
): Promise<string[]> {
  const seen: string[] = [];
  for await (const { recordBatch } of source.batches(options)) {
    seen.push(hash(sampleDigests(recordBatch)));
  }
  return seen;
}

function stateAt(plan: string, start: number, stepsPerEpoch: number): State {
  const epoch = Math.floor(start / stepsPerEpoch);
  return { version: 1, plan, epoch, step: start % stepsPerEpoch };
}

function hash(digests: Uint8Array): string {
  return toHex(sha256(digests));
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

async function thrownBy(action: () => Promise<unknown>): Promise<Error | undefined> {
  try {
    await action();
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

function truthy(value: boolean, found: unknown): void {
  if (!value) throw new Error(`did not expect ${String(found)}`);
}

function equal(actual: unknown, expected: unknown): void {
  const [found, wanted] = [actual, expected].map((value) =>
    JSON.stringify(value instanceof Set ? [...value] : value),
  );
  if (found !== wanted) throw new Error(`expected ${wanted}, found ${found}`);
}
