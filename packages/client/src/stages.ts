import {
  type InStage,
  parseStages,
  StageReader,
  type Stages,
  type StagesPosition,
  stagesId,
} from '@maskloom/loader';
import {
  type Client,
  type ClientBatch,
  type ClientBatchesOptions,
  type ConnectOptions,
  connect,
  replicasOf,
} from './client.ts';
import { SidecarError } from './errors.ts';
import { getJson } from './request.ts';

/** Which batches of a run in stages to stream. */
export interface StagesClientBatchesOptions extends Omit<ClientBatchesOptions, 'from'> {
  /** The first batch, or a state that `next` gave. Default the first batch of the first stage. */
  readonly from?: StagesPosition;
}

/** A connection to one sidecar of a run in stages, or several replicas of it. */
export interface StagesClient {
  readonly stages: Stages;
  /** Where the run's stream digest starts. */
  readonly stagesId: string;
  /**
   * Streams batches in order, from stage to stage, up to the end of the last.
   *
   * @throws {SidecarError} when no replica answers any more, or one refuses the request.
   * @throws {PlanError} with code `STATE_STAGES` for a state of other stages.
   */
  batches(options?: StagesClientBatchesOptions): AsyncGenerator<InStage<ClientBatch>, void, void>;
}

/** Options of {@linkcode connectStages}. */
export interface ConnectStagesOptions extends ConnectOptions {
  /** How many batches before the end of a stage the sidecar is told to open the next. Default 64. */
  readonly openAhead?: number;
}

/**
 * Connects to a sidecar of a run in stages (`maskloom serve --stages`), or to several replicas that serve the same.
 *
 * @throws {SidecarError} when none answers.
 *
 * @example
 * ```ts
 * import { connectStages, readDense } from '@maskloom/client';
 * const client = await connectStages('http://127.0.0.1:4301');
 * for await (const { stage, step, batch, next } of client.batches()) {
 *   const { inputIds, labels } = readDense(batch);
 *   console.log(stage, step, next); // `next` is the state to checkpoint
 * }
 * ```
 */
export async function connectStages(
  urls: string | readonly string[],
  options: ConnectStagesOptions = {},
): Promise<StagesClient> {
  const { openAhead = 64, ...rest } = options;
  const { timeout, signal, list, tryReplicas } = replicasOf(urls, rest);
  const answer = await tryReplicas(
    'asking for the stages',
    async (url) =>
      (await getJson(`${url}/stages`, { timeout, signal })) as { id: string; stages: unknown },
    signal,
  );
  const stages = parseStages(JSON.stringify(answer.stages));
  const id = stagesId(stages);
  if (answer.id !== id) {
    throw new SidecarError(
      'SIDECAR_PLAN',
      list,
      `The sidecar says that it serves stages ${answer.id}, but those that it tells are ${id}: use the same version of maskloom on both sides`,
    );
  }
  const reader = new StageReader<ClientBatch, ClientBatchesOptions, OpenClient>({
    stages,
    openAhead,
    open: async (stage) => {
      const client = await connect(
        list.map((url) => `${url}/stages/${stage}`),
        rest,
      );
      // There is nothing to close: each stream is a request of its own.
      return { ...client, close: async () => {} };
    },
  });
  return { stages, stagesId: id, batches: (given = {}) => reader.batches(given) };
}

interface OpenClient extends Client {
  close(): Promise<void>;
}
