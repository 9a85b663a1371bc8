import { useDevice } from '../device.ts';
import type { TrainingError } from '../errors.ts';
import { readGiven } from '../options/read-given.ts';
import { type TrainOptions, trainOptions } from '../options/train-options.ts';
import { run } from '../training/run.ts';
import { openLog } from '../watch/log.ts';
import { openProgress } from '../watch/progress.ts';
import { createCommand } from './create-command.ts';

const more = `
Commands:
  config  print a run.yaml with these options, and what each one is for
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
  const device = await useDevice(options.device, (error) => {
    gpuError ??= error;
  });
  const progress = openProgress(options.steps);
  progress.line(`training on ${device.device}: ${device.reason}`);
  const check = (): void => {
    if (gpuError !== undefined) throw gpuError;
  };
  try {
    const { digest, losses } = await run(options, {
      openLog: async () => openLog(options.log),
      progress,
      device,
      check,
    });
    progress.stop();
    const last = losses.slice(-20);
    const mean = last.reduce((sum, loss) => sum + loss, 0) / last.length;
    if (losses.length > 0) {
      console.log(
        `loss ${losses[0]!.toFixed(4)} at first, ${mean.toFixed(4)} over the last ${last.length} steps`,
      );
    }
    console.log(`digest ${digest}`);
  } finally {
    progress.stop();
  }
}
