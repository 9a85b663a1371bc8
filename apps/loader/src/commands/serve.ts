import { createLoader, maxPrefetch, maxWorkers } from '@maskloom/loader';
import { openDataset } from '@maskloom/shards';
import { Command } from 'commander';
import { host, integer, memory, memoryOption, path } from '../options.ts';
import { readPlan } from '../plan-file.ts';
import { serve } from '../sidecar/server.ts';

interface ServeCommandOptions {
  readonly plan: string;
  readonly data: string;
  readonly host: string;
  readonly port: number;
  readonly workers: number;
  readonly prefetch: number;
  readonly memory?: number;
}

/** `maskloom serve`: the sidecar. */
export function serveCommand(): Command {
  return new Command('serve')
    .description('serve the batches of a plan over HTTP, as Arrow IPC streams')
    .requiredOption('--plan <file>', 'the plan', path)
    .requiredOption('--data <folder>', 'its dataset', path)
    .option('--host <address>', 'where to listen', host, '127.0.0.1')
    .option('--port <number>', '0 takes any free port', integer(0, 65535), 4300)
    .option('--workers <count>', 'worker threads', integer(0, maxWorkers), 2)
    .option(
      '--prefetch <count>',
      'batches computed ahead for each stream',
      integer(0, maxPrefetch),
      4,
    )
    .option(...memoryOption, memory)
    .action(run);
}

async function run(options: ServeCommandOptions): Promise<void> {
  const { host, port, workers, prefetch } = options;
  const plan = await readPlan(options.plan);
  const dataset = await openDataset(options.data, { memory: options.memory });
  await using loader = await createLoader({ plan, dataset, workers });
  const sidecar = await serve({ loader, manifest: dataset.manifest, host, port, prefetch });
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
