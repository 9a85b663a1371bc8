import { ArgumentError, type VocabTraits } from '@maskloom/core';
import { type Plan, type Position, type State, stateAfter } from '@maskloom/loader';
import { type RecordBatch, RecordBatchReader } from 'apache-arrow';
import { SidecarError } from './errors.ts';
import { replicas } from './replicas.ts';

/** Options of {@linkcode connect}. */
export interface ConnectOptions {
  /** Failures in a row, over all replicas, before giving up. Default 6, about 6 seconds. */
  readonly attempts?: number;
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
  readonly vocab: VocabTraits;
  readonly longest: number;
}

/**
 * Connects to a sidecar, or to several replicas that serve the same plan.
 *
 * @throws {SidecarError} when none answers.
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
  const { attempts = 6 } = options;
  const list = (typeof urls === 'string' ? [urls] : urls).map((url) => url.replace(/\/+$/, ''));
  if (list.length === 0) throw new ArgumentError('urls', 'at least one address', urls);
  const tryReplicas = replicas(list, attempts);
  const answer = await tryReplicas('asking for the plan', async (url) => {
    const response = await get(list, `${url}/plan`, undefined);
    return (await response.json()) as PlanAnswer;
  });
  const { id: planId, plan, stepsPerEpoch, vocab, longest } = answer;

  async function openStream(
    url: string,
    position: Position,
    options: ClientBatchesOptions,
    steps: number,
  ): Promise<AsyncIterator<RecordBatch>> {
    const { rank = 0, world = 1, layout, signal } = options;
    const health = await get(list, `${url}/healthz`, signal);
    const { plan } = (await health.json()) as { plan: string };
    if (plan !== planId) {
      throw new SidecarError(
        'SIDECAR_PLAN',
        list,
        `The sidecar at ${url} serves plan ${plan}, this run reads plan ${planId}: give all replicas the same plan`,
      );
    }
    const { epoch, step } = position;
    const query = new URLSearchParams(layout === undefined ? {} : { layout });
    for (const [name, value] of Object.entries({ epoch, step, rank, world })) {
      query.set(name, `${value}`);
    }
    if (Number.isFinite(steps)) query.set('steps', `${steps}`);
    const response = await get(list, `${url}/batches?${query}`, signal);
    const reader = await RecordBatchReader.from(response.body as ReadableStream<Uint8Array>);
    return reader[Symbol.asyncIterator]();
  }

  async function* batches(
    options: ClientBatchesOptions = {},
  ): AsyncGenerator<ClientBatch, void, void> {
    const { steps = Number.POSITIVE_INFINITY, signal } = options;
    let position: Position = options.from ?? { epoch: 0, step: 0 };
    if (position.plan !== undefined && position.plan !== planId) {
      throw new SidecarError(
        'SIDECAR_PLAN',
        list,
        `The state is of plan ${position.plan}, the sidecar serves plan ${planId}: resume with the plan the run began with`,
      );
    }
    let consumed = 0;
    let stream: AsyncIterator<RecordBatch> | undefined;
    try {
      while (consumed < steps) {
        const doing = `reading epoch ${position.epoch}, step ${position.step}`;
        const batch = await tryReplicas(
          doing,
          async (url) => {
            signal?.throwIfAborted();
            try {
              stream ??= await openStream(url, position, options, steps - consumed);
              const result = await stream.next();
              if (result.done !== true) return result.value;
              throw new Error('the stream ended early');
            } catch (error) {
              stream = undefined;
              throw error;
            }
          },
          signal,
        );
        const next = stateAfter(plan, planId, position);
        yield { epoch: position.epoch, step: position.step, batch, next };
        position = next;
        consumed++;
      }
    } finally {
      await stream?.return?.();
    }
  }

  return { planId, plan, stepsPerEpoch, vocab, longest, batches };
}

async function get(
  urls: readonly string[],
  url: string,
  signal: AbortSignal | undefined,
): Promise<Response> {
  const response = await fetch(url, signal === undefined ? {} : { signal });
  if (response.ok) return response;
  const text = await response.text();
  // A 4xx would be the same from every replica, every time.
  if (response.status < 500) {
    throw new SidecarError(
      'SIDECAR_REFUSED',
      urls,
      `The sidecar refused ${url} (${response.status}): ${errorMessage(text)}`,
    );
  }
  throw new Error(`status ${response.status}: ${errorMessage(text)}`);
}

function errorMessage(body: string): string {
  try {
    return (JSON.parse(body) as { error: { message: string } }).error.message;
  } catch {
    return body.slice(0, 200).trim() || 'no reason given';
  }
}
