import { ArgumentError } from '@maskloom/core';
import { createLoader, mixedVocab, type Plan, stagesId } from '@maskloom/loader';
import { Command } from 'commander';
import { Datasets, folders } from '../datasets.ts';
import { indexesOption, integer, memory, memoryOption } from '../options.ts';
import { readPlan, readStages } from '../plan-file.ts';
import { type ServedPlan, type Sidecar, serve } from '../sidecar/server.ts';
import { serveStages } from '../sidecar/stages-server.ts';

interface ServeCommandOptions {
  readonly plan?: string;
  readonly stages?: string;
  readonly data: readonly string[];
  readonly host: string;
  readonly port: number;
  readonly workers: number;
  readonly prefetch: number;
  readonly memory?: number;
  readonly indexes: string;
}

/** `maskloom serve`: the sidecar. */
export function serveCommand(): Command {
  return new Command('serve')
    .description(
      'serve the batches of a plan, or of a run in stages, over HTTP, as Arrow IPC streams',
    )
    .option('--plan <file>', 'the plan')
    .option('--stages <file>', 'or the stages of a run')
    .requiredOption('--data <folder>', 'its dataset; of a mixture or stages, each one', folders)
    .option('--host <address>', 'where to listen', '127.0.0.1')
    .option('--port <number>', '0 takes any free port', integer(0), 4300)
    .option('--workers <count>', 'worker threads', integer(0), 2)
    .option('--prefetch <count>', 'batches computed ahead for each stream', integer(0), 4)
    .option(...memoryOption, memory)
    .option(...indexesOption)
    .action(run);
}

async function run(options: ServeCommandOptions): Promise<void> {
  const { plan: planFile, stages: stagesFile } = options;
  if ((planFile === undefined) === (stagesFile === undefined)) {
    const found = stagesFile === undefined ? 'neither' : 'both';
    throw new ArgumentError('--plan or --stages', 'one of them', found);
  }
  const datasets = new Datasets(options.data, options.memory);
  if (stagesFile !== undefined) {
    const stages = await readStages(stagesFile);
    // A dataset that is missing should not wait until its stage comes.
    for (const { plan } of stages.stages) await datasets.of(plan);
    const open = (stage: number) => openPlan(stages.stages[stage]!.plan, datasets, options);
    const sidecar = await serveStages({ ...options, stages, open });
    return await listenUntilStopped(sidecar, `stages ${stagesId(stages)}`);
  }
  const served = await openPlan(await readPlan(planFile!), datasets, options);
  await using loader = served.loader;
  const sidecar = await serve({ ...options, ...served });
  await listenUntilStopped(sidecar, `plan ${loader.planId}`);
}

async function openPlan(
  plan: Plan,
  datasets: Datasets,
  { workers, indexes }: ServeCommandOptions,
): Promise<ServedPlan> {
  const opened = await datasets.of(plan);
  const loader = await createLoader({ plan, datasets: opened, workers, indexes });
  const manifests = opened.map((dataset) => dataset.manifest);
  const longest = Math.max(...manifests.map((manifest) => manifest.longest));
  return { loader, manifest: { vocab: mixedVocab(manifests), longest } };
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
