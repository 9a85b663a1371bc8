import type { Command } from 'commander';
import { addOptions, givenTo } from './command-line.ts';
import type { Given } from './given.ts';
import { readRunFile } from './read-run-file.ts';

/**
 * Reads the options that a command line gives, and those of the file that its `--config` names: where both give one,
 * the command line wins.
 *
 * @throws {CommanderError} after it has printed what is wrong with the command line
 * @throws {OptionsError} naming what is wrong in the file.
 */
export async function readGiven(command: Command, words: readonly string[]): Promise<Given> {
  addOptions(command).option(
    '--config <file>',
    'read options from a run.yaml; those given here win',
  );
  command.parse([...words], { from: 'user' });
  const path: unknown = command.getOptionValue('config');
  const inFile = typeof path === 'string' ? await readRunFile(path) : [];
  return new Map([...inFile, ...givenTo(command)]);
}
