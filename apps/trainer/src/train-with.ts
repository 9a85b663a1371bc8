import process from 'node:process';
import { checkPrecision, openDevice } from './device.ts';
import type { TrainOptions } from './options/train-options.ts';
import { runRanks } from './ranks/run-ranks.ts';
import { lockRun } from './run-lock.ts';
import type { StopSignals } from './stop-signals.ts';
import type { RunContext } from './training/run.ts';
import { joinLogs } from './watch/join-logs.ts';
import { openLivePage } from './watch/live-page.ts';
import { openLog } from './watch/log.ts';
import { openProgress } from './watch/progress.ts';
import { openTensorBoard } from './watch/tensorboard.ts';

/**
 * Trains as the options say, and shows how it goes. Where it is stopped by a signal, the process's exit code tells.
 *
 * @throws {TrainingError} if the run can't go on
 */
export async function trainWith(options: TrainOptions, signals: StopSignals): Promise<void> {
  const { device, check } = await openDevice(options.device);
  checkPrecision(device, options.precision);
  using _lock = options.out === undefined ? undefined : lockRun(options.out);
  const tell = (line: string): void => console.error(line);
  tell(`training on ${device.device}: ${device.reason}`);
  const context: RunContext = {
    ...{ device, check, tell, stop: signals.told },
    watch(step) {
      if (options.out !== undefined) signals.tellFirst();
      return watch(options, step, tell);
    },
  };
  const { reason, digest, losses } = await runRanks(options, context, options);
  if (reason === 'stopped') {
    process.exitCode = signals.exitCode;
    return;
  }
  const last = losses.slice(-20);
  const mean = last.reduce((sum, loss) => sum + loss, 0) / last.length;
  if (losses.length > 0) {
    console.log(
      `loss ${losses[0]!.toFixed(4)} at first, ${mean.toFixed(4)} over the last ${last.length} steps`,
    );
  }
  console.log(`digest ${digest}`);
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
