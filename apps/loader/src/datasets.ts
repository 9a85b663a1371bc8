/** @file `--data`, which may be given several times. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Dataset, openDataset } from '@maskloom/shards';
import type { Command } from 'commander';

/** A dataset's folder, and how often a mixture draws from it. */
export interface WeightedFolder {
  readonly folder: string;
  readonly weight: number | undefined;
}

/** Adds one more folder, such as `data/wiki` or, in a mixture, `data/wiki=3`. */
export function weightedFolder(
  text: string,
  before: readonly WeightedFolder[] = [],
): WeightedFolder[] {
  const [, folder = text, weight] = /^(.+)=([0-9]{1,5})$/.exec(text) ?? [];
  return [...before, { folder, weight: weight === undefined ? undefined : Number(weight) }];
}

/** What a command that opens a plan's datasets is told of them. */
export interface DataOptions {
  readonly data: readonly string[];
  readonly indexes: string;
}

/** Adds `--data` and `--indexes` to a command that opens a plan's datasets. */
export function withDataOptions(command: Command): Command {
  return command
    .requiredOption(
      '--data <folder>',
      "its dataset; of a mixture, once for each, in the plan's order",
      (text: string, before: string[] = []) => [...before, text],
    )
    .option(
      '--indexes <folder>',
      'where indexes of packed rows and of batches by length are kept',
      join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'maskloom', 'indexes'),
    );
}

/** Opens the datasets that were given. */
export function openDatasets(folders: readonly string[]): Promise<Dataset[]> {
  return Promise.all(folders.map((folder) => openDataset(folder)));
}
