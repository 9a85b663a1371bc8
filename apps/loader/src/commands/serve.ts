import { createLoader, mixedVocab } from '@maskloom/loader';
import { Command } from 'commander';
import { Datasets, folders } from '../datasets.ts';
import { indexesOption, integer, memory, memoryOption } from '../options.ts';
import { readPlan } from '../plan-file.ts';
import { serve } from '../sidecar/server.ts';

interface ServeCommandOptions {
  readonly plan: string;
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
    .description('serve the batches of a plan over HTTP, as Arrow IPC streams')
    .requiredOption('--plan <file>', 'the plan')
    .requiredOption('--data <folder>', 'its dataset; of a mixture, each one', folders)
    .option('--host <address>', 'where to listen', '127.0.0.1')
    .option('--port <number>', '0 takes any free port', integer(0), 4300)
    .option('--workers <count>', 'worker threads', integer(0), 2)
    .option('--prefetch <count>', 'batches computed ahead for each stream', integer(0), 4)
    .option(...memoryOption, memory)
    .option(...indexesOption)
    .action(run);
}

async function run(options: ServeCommandOptions): Promise<void> {
  const { host, port, workers, prefetch, indexes } = options;
  const plan = await readPlan(options.plan);
  const datasets = await new Datasets(options.data, options.memory).of(plan);
  await using loader = await createLoader({ plan, datasets, workers, indexes });
  const manifests = datasets.map((dataset) => dataset.manifest);
  const manifest = {
    vocab: mixedVocab(manifests),
    longest: Math.max(...manifests.map(({ longest }) => longest)),
  };
  const sidecar = await serve({ loader, manifest, host, port, prefetch });
  console.log(`listening on ${sidecar.url}, plan ${loader.planId}`);
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
