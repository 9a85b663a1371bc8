import { checkPrecision, useDevice } from '../device.ts';
import type { TrainingError } from '../errors.ts';
import { readGiven } from '../options/read-given.ts';
import { type TrainOptions, trainOptions } from '../options/train-options.ts';
import { runRanks } from '../ranks/run-ranks.ts';
import type { RunContext } from '../training/run.ts';
import { joinLogs } from '../watch/join-logs.ts';
import { openLivePage } from '../watch/live-page.ts';
import { openLog } from '../watch/log.ts';
import { openProgress } from '../watch/progress.ts';
import { openTensorBoard } from '../watch/tensorboard.ts';
import { createCommand } from './create-command.ts';

const more = `
Commands:
  config  print a run.yaml with these options, and what each one is for
  export  write a checkpoint's model for transformers, without what training needs
  fill    try a checkpoint: what it puts for [MASK]
  train   train; nothing has to be said for it

docs/trainer.md tells more.`;

/**
 * `maskloom-train`: trains a model on the batches of a sidecar.
 *
 * @throws {CommanderError} after it has printed what is wrong with the command line
 * @throws {OptionsError} if the options do not go together
 * @throws {TrainingError} if the run can't go on.
 */
export async function train(words: readonly string[]): Promise<void> {
  const command = createCommand('maskloom-train')
    .description('train a masked language model on the batches of a sidecar')
    .addHelpText('after', more);
  const options = trainOptions(await readGiven(command, words));
  try {
    await trainWith(options);
  } catch (error) {
    if (options.verbose && error instanceof Error) console.error(error.stack);
    throw error;
  }
}

async function trainWith(options: TrainOptions): Promise<void> {
  let gpuError: TrainingError | undefined;
  const onGpuError = (error: TrainingError): void => {
    gpuError ??= error;
  };
  const threads = threadsOf(options);
  const device = await useDevice(options.device, onGpuError, threads);
  checkPrecision(device, options.precision);
  const tell = (line: string): void => console.error(line);
  tell(`training on ${device.device}: ${device.reason}`);
  const context: RunContext = {
    ...{ device, tell },
    watch: (step) => watch(options, step, tell),
    check() {
      if (gpuError !== undefined) throw gpuError;
    },
  };
  const { digest, losses } = await runRanks(options, context, { ...options, threads });
  const last = losses.slice(-20);
  const mean = last.reduce((sum, loss) => sum + loss, 0) / last.length;
  if (losses.length > 0) {
    console.log(
      `loss ${losses[0]!.toFixed(4)} at first, ${mean.toFixed(4)} over the last ${last.length} steps`,
    );
  }
  console.log(`digest ${digest}`);
}

/** Several ranks share the cores, unless they are told how many threads each takes. */
function threadsOf({ threads, ranks }: TrainOptions): number {
  if (threads > 0 || ranks === 1) return threads;
  return Math.max(1, Math.floor(navigator.hardwareConcurrency / ranks));
}

/** Opens all that shows a run which begins at a step. */
async function watch(
  { steps, log, tensorboard, live }: TrainOptions,
  step: number,
  tell: (line: string) => void,
): ReturnType<RunContext['watch']> {
  const logs = [openLog(log, step)];
  if (tensorboard !== undefined) logs.push(openTensorBoard(tensorboard));
  if (live !== undefined) {
    const page = await openLivePage({ port: live });
    tell(`live page: ${page.url}`);
    logs.push(page);
  }
  return { log: joinLogs(...logs), progress: openProgress(steps, step) };
}
