import { readGiven } from '../options/read-given.ts';
import { type TrainOptions, trainOptions } from '../options/train-options.ts';
import type { StopSignals } from '../stop-signals.ts';
import { setThreads } from '../threads.ts';
import { createCommand } from './create-command.ts';

const more = `
Commands:
  config  print a run.yaml with these options, and what each one is for
  export  write a checkpoint's model for transformers, without what training needs
  fill    try a checkpoint: what it puts for [MASK]
  train   train; nothing has to be said for it

docs/trainer.md tells more.`;

/**
 * `maskloom-train`: trains a model on the batches of a sidecar. A signal stops a run after the step that it is in, if there is
 * a folder to go on from.
 *
 * @throws {CommanderError} after it has printed what is wrong with the command line
 * @throws {OptionsError} if the options do not go together
 * @throws {TrainingError} if the run can't go on.
 */
export async function train(words: readonly string[], signals: StopSignals): Promise<void> {
  const command = createCommand('maskloom-train')
    .description('train a masked language model on the batches of a sidecar')
    .addHelpText('after', more);
  const options = trainOptions(await readGiven(command, words));
  const threads = threadsOf(options);
  setThreads(threads);
  try {
    // Loaded here: it imports jax-js, which asks for threads then.
    const { trainWith } = await import('../train-with.ts');
    await trainWith({ ...options, threads }, signals);
  } catch (error) {
    if (options.verbose && error instanceof Error) console.error(error.stack);
    throw error;
  }
}

/** Several ranks share the cores, unless they are told how many threads each takes. */
function threadsOf({ threads, ranks }: TrainOptions): number {
  if (threads > 0 || ranks === 1) return threads;
  return Math.max(1, Math.floor(navigator.hardwareConcurrency / ranks));
}
