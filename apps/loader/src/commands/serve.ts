import { ArgumentError } from '@maskloom/core';
import {
  type CacheOptions,
  createLoader,
  maxPrefetch,
  maxWorkers,
  mixedVocab,
  type Plan,
  stagesId,
} from '@maskloom/loader';
import { Command } from 'commander';
import {
  type CacheCommandOptions,
  cacheOf,
  cacheOption,
  cacheSizeOption,
} from '../cache-options.ts';
import { Datasets } from '../datasets.ts';
import { type LoaderEvents, loaderEvents, traceOption } from '../loader-events.ts';
import { host, indexesOption, integer, memory, memoryOption, path, paths } from '../options.ts';
import { readPlan, readStages } from '../plan-file.ts';
import { type Rank, rankOf } from '../rank.ts';
import { type ServedPlan, type Sidecar, serve } from '../sidecar/server.ts';
import { serveStages } from '../sidecar/stages-server.ts';

interface ServeCommandOptions extends CacheCommandOptions {
  readonly plan?: string;
  readonly stages?: string;
  readonly data: readonly string[];
  readonly host: string;
  readonly port: number;
  readonly workers: number;
  readonly prefetch: number;
  readonly memory?: number;
  readonly indexes: string;
  readonly rank?: number;
  readonly world?: number;
  readonly trace?: string;
}

/** `maskloom serve`: the sidecar. */
export function serveCommand(): Command {
  return new Command('serve')
    .description(
      'serve the batches of a plan, or of a run in stages, over HTTP, as Arrow IPC streams',
    )
    .option('--plan <file>', 'the plan', path)
    .option('--stages <file>', 'or the stages of a run', path)
    .requiredOption('--data <folder>', 'its dataset; of a mixture or stages, each one', paths)
    .option('--host <address>', 'where to listen', host, '127.0.0.1')
    .option('--port <number>', '0 takes any free port', integer(0, 65535), 4300)
    .option('--workers <count>', 'worker threads', integer(0, maxWorkers), 2)
    .option(
      '--prefetch <count>',
      'batches computed ahead for each stream',
      integer(0, maxPrefetch),
      4,
    )
    .option(
      '--rank <number>',
      "slice of each batch for requests that name none (default: torchrun's RANK, SLURM's, or 0)",
      integer(0),
    )
    .option('--world <count>', 'in how many slices (default: WORLD_SIZE, or 1)', integer(1))
    .option(...traceOption)
    .option(...memoryOption, memory)
    .option(...indexesOption)
    .option(...cacheOption)
    .option(...cacheSizeOption, memory)
    .action(run);
}

async function run(options: ServeCommandOptions): Promise<void> {
  const { plan: planFile, stages: stagesFile } = options;
  if ((planFile === undefined) === (stagesFile === undefined)) {
    const found = stagesFile === undefined ? 'neither' : 'both';
    throw new ArgumentError('--plan or --stages', 'one of them', found);
  }
  using events = loaderEvents(options.trace);
  const datasets = new Datasets(options.data, options.memory);
  const slice = sliceOf(options);
  if (stagesFile !== undefined) {
    const stages = await readStages(stagesFile);
    // A dataset that is missing should not wait until its stage comes.
    for (const { plan } of stages.stages) await datasets.of(plan);
    const open = (stage: number) => {
      const { plan } = stages.stages[stage]!;
      return openPlan(plan, datasets, options, cacheOf(options, plan), events);
    };
    const sidecar = await serveStages({ ...options, stages, open, slice, metrics: events.metrics });
    return await listenUntilStopped(sidecar, `stages ${stagesId(stages)}`);
  }
  const served = await openPlan(
    await readPlan(planFile!),
    datasets,
    options,
    cacheOf(options),
    events,
  );
  await using loader = served.loader;
  const sidecar = await serve({ ...options, ...served, slice, metrics: events.metrics });
  await listenUntilStopped(sidecar, `plan ${loader.planId}`);
}

/** The slice that requests get if they name none. */
function sliceOf({ rank, world }: ServeCommandOptions): Rank {
  const given = rank === undefined && world === undefined ? rankOf(process.env) : undefined;
  if (given !== undefined) return given;
  const slice = { rank: rank ?? 0, world: world ?? 1 };
  if (slice.rank < slice.world) return slice;
  throw new ArgumentError(
    '--rank',
    `an integer from 0 to ${slice.world - 1}`,
    slice.rank,
    'give --world',
  );
}

async function openPlan(
  plan: Plan,
  datasets: Datasets,
  { workers, indexes }: ServeCommandOptions,
  cache: { readonly cache?: CacheOptions },
  { onEvent }: LoaderEvents,
): Promise<ServedPlan> {
  const opened = await datasets.of(plan);
  const loader = await createLoader({
    plan,
    datasets: opened,
    workers,
    indexes,
    onEvent,
    ...cache,
  });
  const manifests = opened.map((dataset) => dataset.manifest);
  const longest = Math.max(...manifests.map((manifest) => manifest.longest));
  // The same for all of them.
  const { tokenizer } = manifests[0]!;
  return { loader, manifest: { tokenizer, vocab: mixedVocab(manifests), longest } };
}

async function listenUntilStopped(sidecar: Sidecar, serving: string): Promise<void> {
  console.log(`listening on ${sidecar.url}, ${serving}`);
  await stopSignal();
  await sidecar.close();
}

/** Resolves when the process is asked to stop, or the process that started it is gone. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
    process.once('disconnect', () => resolve());
    // Listening for its end must not keep the process alive.
    process.channel?.unref();
  });
}
