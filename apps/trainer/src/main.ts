import process from 'node:process';
import { CommanderError } from 'commander';
import { useDevice } from './device.ts';
import type { TrainingError } from './errors.ts';
import { type CommandOptions, parseOptions } from './options.ts';
import { runRanks } from './ranks/run-ranks.ts';
import type { RunContext } from './training/run.ts';
import { openLog } from './watch/log.ts';
import { openProgress } from './watch/progress.ts';

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => process.exit(130));
}

try {
  await main(parseOptions(process.argv.slice(2)));
} catch (error) {
  // Commander has printed its own message.
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 2);
  console.error(`maskloom-train: ${error instanceof Error ? error.message : String(error)}`);
  if (process.argv.includes('--verbose') && error instanceof Error) console.error(error.stack);
  process.exit(1);
}
// The GPU and sockets kept open for reuse would keep the process alive.
process.exit(0);

async function main(options: CommandOptions): Promise<void> {
  let gpuError: TrainingError | undefined;
  const device = await useDevice(
    options.device,
    (error) => {
      gpuError ??= error;
    },
    options.threads,
  );
  console.error(`training on ${device.device}: ${device.reason}`);
  const check = (): void => {
    if (gpuError !== undefined) throw gpuError;
  };
  const context: RunContext = {
    ...{ device, check },
    tell: (line) => console.error(line),
    watch: async (step) => ({
      log: openLog(options.log, step),
      progress: openProgress(options.steps, step),
    }),
  };
  const { digest, losses } = await runRanks(options, context, options);
  const last = losses.slice(-20);
  const mean = last.reduce((sum, loss) => sum + loss, 0) / last.length;
  console.log(
    `loss ${losses[0]!.toFixed(4)} at first, ${mean.toFixed(4)} over the last ${last.length} steps`,
  );
  console.log(`digest ${digest}`);
}
