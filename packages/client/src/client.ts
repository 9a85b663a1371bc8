import { ArgumentError, type VocabTraits } from '@maskloom/core';
import { checkState, type Plan, type Position, type State, stateAfter } from '@maskloom/loader';
import { type RecordBatch, RecordBatchReader } from 'apache-arrow';
import { SidecarError } from './errors.ts';
import { replicas } from './replicas.ts';
import { getJson, getStream, type Stream } from './request.ts';

/** Options of {@linkcode connect}. */
export interface ConnectOptions {
  /** Failures in a row, over all replicas, before giving up. Default 6, about 6 seconds if none answers at all. */
  readonly attempts?: number;
  /**
   * Milliseconds without an answer, or without the next bytes of a stream, after which a replica counts as failed.
   * A sidecar computes ahead, so that it is silent for as long only if it hangs, is cut off, or needs longer than this
   * for one batch: then give more. Time that the consumer takes does not count. Default 30000.
   */
  readonly timeout?: number;
  /** Ends the connecting with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Which batches to stream. */
export interface ClientBatchesOptions {
  /** The first batch, or a state that `next` gave. Default the first batch of all. */
  readonly from?: Position;
  /** How many batches, going on through epochs. Default without end. */
  readonly steps?: number;
  /** Which slice of each global batch. Default 0. */
  readonly rank?: number;
  /** In how many slices each global batch is cut. Default 1. */
  readonly world?: number;
  /**
   * Default `dense`, padded to the dataset's longest sample, or `seq2seq` for a plan of span corruption, padded
   * to the longest input and target that its samples can give.
   */
  readonly layout?: 'dense' | 'compact' | 'varlen' | 'seq2seq';
  /** Ends the iteration with the signal's reason, at once. */
  readonly signal?: AbortSignal;
}

/** A batch that came from a sidecar. */
export interface ClientBatch {
  readonly epoch: number;
  readonly step: number;
  /** The columns: see `readDense`, `readCompact`, `readVarlen` and `readSeq2seq`. */
  readonly batch: RecordBatch;
  /** The state to save once this batch was consumed. */
  readonly next: State;
}

/** A connection to one sidecar or several replicas of it. */
export interface Client {
  readonly planId: string;
  readonly plan: Plan;
  readonly stepsPerEpoch: number;
  /** SHA-256 of the tokenizer that the data was encoded with; undefined if an older sidecar does not tell. */
  readonly tokenizer: string | undefined;
  readonly vocab: VocabTraits;
  /** Tokens of the dataset's longest sample. */
  readonly longest: number;
  /**
   * Streams batches in order. When a replica fails, the next goes on from the same step: batches are a
   * pure function of the plan, so none is lost and none comes twice.
   *
   * @throws {SidecarError} when no replica answers any more, or one refuses the request.
   */
  batches(options?: ClientBatchesOptions): AsyncGenerator<ClientBatch, void, void>;
}

/** What `/plan` answers. */
interface PlanAnswer {
  readonly id: string;
  readonly plan: Plan;
  readonly stepsPerEpoch: number;
  readonly tokenizer?: string;
  readonly vocab: VocabTraits;
  readonly longest: number;
}

/**
 * Connects to a sidecar, or to several replicas that serve the same plan.
 *
 * @throws {SidecarError} when none answers.
 * @throws {ArgumentError} for an address that is none, or options out of range.
 *
 * @example
 * ```ts
 * import { connect, readDense } from '@maskloom/client';
 * const client = await connect('http://127.0.0.1:4300');
 * for await (const { step, batch } of client.batches({ steps: 100 })) {
 *   const { inputIds, labels } = readDense(batch);
 * }
 * ```
 */
export async function connect(
  urls: string | readonly string[],
  options: ConnectOptions = {},
): Promise<Client> {
  const { timeout, signal, list, tryReplicas } = replicasOf(urls, options);
  const answer = await tryReplicas(
    'asking for the plan',
    async (url) => checkAnswer(url, await getJson(`${url}/plan`, { timeout, signal })),
    signal,
  );
  const { id: planId, plan, stepsPerEpoch, tokenizer, vocab, longest } = answer;

  async function openStream(
    url: string,
    position: Position,
    options: ClientBatchesOptions,
    steps: number,
  ): Promise<OpenStream> {
    const { rank = 0, world = 1, layout, signal } = options;
    const health = (await getJson(`${url}/healthz`, { timeout, signal })) as {
      plan?: string;
    } | null;
    if (health?.plan !== planId) {
      throw new SidecarError(
        'SIDECAR_PLAN',
        list,
        `The sidecar at ${url} serves plan ${health?.plan}, this run reads plan ${planId}: give all replicas the same plan`,
      );
    }
    const { epoch, step } = position;
    const query = new URLSearchParams(layout === undefined ? {} : { layout });
    for (const [name, value] of Object.entries({ epoch, step, rank, world })) {
      query.set(name, `${value}`);
    }
    if (Number.isFinite(steps)) query.set('steps', `${steps}`);
    const stream = await getStream(`${url}/batches?${query}`, { timeout, signal });
    try {
      const reader = await RecordBatchReader.from(stream.chunks);
      return { stream, batches: reader[Symbol.asyncIterator]() };
    } catch (error) {
      stream.end();
      throw error;
    }
  }

  async function* batches(
    options: ClientBatchesOptions = {},
  ): AsyncGenerator<ClientBatch, void, void> {
    const { steps = Number.POSITIVE_INFINITY, signal } = options;
    let position: Position = options.from ?? { epoch: 0, step: 0 };
    if (position.plan !== undefined && position.plan !== planId) {
      try {
        checkState(plan, position);
      } catch (cause) {
        const problem = `The state does not fit what the sidecar serves: ${(cause as Error).message}`;
        throw new SidecarError('SIDECAR_PLAN', list, problem, { cause });
      }
    }
    let consumed = 0;
    let open: OpenStream | undefined;
    try {
      while (consumed < steps) {
        const doing = `reading epoch ${position.epoch}, step ${position.step}`;
        const read = async (url: string): Promise<RecordBatch> => {
          try {
            open ??= await openStream(url, position, options, steps - consumed);
            const result = await open.batches.next();
            if (result.done !== true) return result.value;
            throw new Error('the stream ended early');
          } catch (error) {
            open?.stream.end();
            open = undefined;
            throw error;
          }
        };
        const batch = await tryReplicas(doing, read, signal);
        const next = stateAfter(plan, planId, position);
        yield { epoch: position.epoch, step: position.step, batch, next };
        position = next;
        consumed++;
      }
    } finally {
      open?.stream.end();
    }
  }

  return { planId, plan, stepsPerEpoch, tokenizer, vocab, longest, batches };
}

/** The replicas at some addresses, and how they are asked. */
export function replicasOf(urls: string | readonly string[], options: ConnectOptions) {
  const { attempts = 6, timeout = 30_000, signal } = options;
  if (!(attempts >= 1)) throw new ArgumentError('attempts', 'a number from 1', attempts);
  // Longer ones would not fit a timer.
  if (!(timeout >= 1 && timeout < 2 ** 31)) {
    throw new ArgumentError('timeout', 'milliseconds from 1 to below 2^31', timeout);
  }
  const list = (typeof urls === 'string' ? [urls] : urls).map(checkUrl);
  if (list.length === 0) throw new ArgumentError('urls', 'at least one address', urls);
  return { timeout, signal, list, tryReplicas: replicas(list, attempts) };
}

/** A stream that is being read. */
interface OpenStream {
  readonly stream: Stream;
  readonly batches: AsyncIterator<RecordBatch>;
}

function checkUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return text.replace(/\/+$/, '');
  throw new ArgumentError('urls', 'an address such as http://127.0.0.1:4300', text);
}

/** Anything may answer at an address. */
function checkAnswer(url: string, answer: unknown): PlanAnswer {
  const { id, plan, vocab } = (answer ?? {}) as Partial<PlanAnswer>;
  if (typeof id === 'string' && typeof plan === 'object' && typeof vocab === 'object') {
    return answer as PlanAnswer;
  }
  throw new SidecarError(
    'SIDECAR_REFUSED',
    [url],
    `What answers at ${url} is no sidecar: its /plan has no plan; give the address that \`maskloom serve\` printed`,
  );
}
