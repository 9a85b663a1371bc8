import { readGiven } from '../options/read-given.ts';
import { checkedValues } from '../options/train-options.ts';
import { runFileText } from '../options/write-run-file.ts';
import { createCommand } from './create-command.ts';

/**
 * `maskloom-train config`: prints the options of a run as a `run.yaml`.
 *
 * @throws {CommanderError} after it has printed what is wrong with the command line
 * @throws {OptionsError} if the options do not go together.
 */
export async function config(words: readonly string[]): Promise<void> {
  const command = createCommand('maskloom-train config').description(
    'print a run.yaml with these options, and what each one is for',
  );
  process.stdout.write(runFileText(checkedValues(await readGiven(command, words))));
}
