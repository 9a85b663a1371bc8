import { stat } from 'node:fs/promises';
import { type CacheFamily, listCache, pruneCache, verifyCache } from '@maskloom/loader';
import { Command } from 'commander';
import { memory } from '../options.ts';

/** `maskloom cache`: looks after the folder of a cache of masks. */
export function cacheCommand(): Command {
  const command = new Command('cache').description('look after a cache of static masks');
  command
    .command('ls')
    .description('list what there are masks of, and how much room they take')
    .argument('<folder>', "the cache's folder")
    .action(list);
  command
    .command('verify')
    .description('read every entry and compare its SHA-256; exit code 1 if one is torn or altered')
    .argument('<folder>', "the cache's folder")
    .action(verify);
  command
    .command('prune')
    .description(
      'remove what is torn, altered or unfinished; given a size, also what was used longest ago',
    )
    .argument('<folder>', "the cache's folder")
    .option(
      '--size <size>',
      'remove until the cache takes at most so many bytes, such as 512M; 0 for all',
      memory,
    )
    .action(prune);
  return command;
}

async function list(folder: string): Promise<void> {
  await checkFolder(folder);
  const families = await listCache(folder);
  for (const family of families) console.log(lines(family));
  const entries = families.reduce((sum, family) => sum + family.entries, 0);
  const bytes = families.reduce((sum, family) => sum + family.bytes, 0);
  console.log(
    `${count(families.length, 'kind', 'kinds')} of masks, ${count(entries, 'entry', 'entries')}, ${bytes} bytes`,
  );
}

function lines({ id, parts, copies, entries, samples, bytes, used }: CacheFamily): string {
  const what =
    parts === undefined
      ? 'no entry says what it is of'
      : `dataset ${parts.dataset.digest.slice(0, 12)} from sample ${parts.dataset.base}, seed ${parts.seed}, strategy ${JSON.stringify(parts.strategy)}`;
  return [
    `${id.slice(0, 12)}  ${bytes} bytes, ${count(entries, 'entry', 'entries')}, used ${new Date(used).toISOString()}`,
    `  ${what}`,
    `  copies ${copies.join(', ')}: ${samples} masked samples`,
  ].join('\n');
}

async function verify(folder: string): Promise<void> {
  await checkFolder(folder);
  const { whole, bytes, torn } = await verifyCache(folder);
  for (const error of torn) console.error(error.message);
  console.log(
    `${count(whole, 'entry', 'entries')} whole, ${bytes} bytes; ${torn.length} torn or altered`,
  );
  if (torn.length > 0) process.exitCode = 1;
}

async function prune(folder: string, { size }: { readonly size?: number }): Promise<void> {
  await checkFolder(folder);
  const { torn, unfinished, entries, removedBytes, bytes } = await pruneCache(folder, size);
  console.log(
    `removed ${torn} torn or altered, ${unfinished} unfinished, ${entries} used longest ago (${removedBytes} bytes); ${bytes} bytes left`,
  );
}

/** A folder that is not there is a typing error here, though to a loader it is an empty cache. */
async function checkFolder(folder: string): Promise<void> {
  await stat(folder);
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}
