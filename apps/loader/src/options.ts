import { homedir } from 'node:os';
import { join } from 'node:path';
import { type RandomWords, type Sentinels, uniformWords, unigramWords } from '@maskloom/core';
import type { RateSchedule } from '@maskloom/loader';
import { InvalidArgumentError } from 'commander';

/** Reads an integer from `least` to `most` from the command line. */
export function integer(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^[0-9]+$/.test(text) && value >= least && value <= most) return value;
    const upTo = most === Number.MAX_SAFE_INTEGER ? '' : ` to ${most}`;
    throw new InvalidArgumentError(`Expected an integer from ${least}${upTo}.`);
  };
}

/** Reads the name of a file or folder. */
export function path(text: string): string {
  if (text !== '') return text;
  throw new InvalidArgumentError('Expected a path.');
}

/** Reads the names of files and folders, one at a time. */
export function paths(text: string, before: readonly string[] = []): string[] {
  return [...before, path(text)];
}

/** Reads an address to listen on. */
export function host(text: string): string {
  // To Node an empty one means every address of the machine.
  if (text.trim() !== '') return text;
  throw new InvalidArgumentError('Expected an address such as 127.0.0.1, or 0.0.0.0 for all.');
}

/** Reads an amount of memory in bytes, such as `512M` or `2G`. */
export function memory(text: string): number {
  const [, digits, unit] = /^([0-9]{1,15})([KMGT]?)$/i.exec(text) ?? [];
  const value = Number(digits) * 1024 ** ' KMGT'.indexOf((unit || ' ').toUpperCase());
  if (Number.isSafeInteger(value)) return value;
  throw new InvalidArgumentError('Expected bytes, or a number with K, M, G or T, such as 512M.');
}

/** How every command that reads a dataset names and describes its limit of memory. */
export const memoryOption = [
  '--memory <size>',
  'most memory for datasets, such as 512M; what does not fit is read when needed (default: no limit)',
] as const;

/** How every command that makes batches names and describes where indexes are kept, and the default. */
export const indexesOption = [
  '--indexes <folder>',
  'where indexes of packed rows and of batches by length are kept',
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'maskloom', 'indexes'),
] as const;

/** Reads a share, a number from 0 to 1. */
export function share(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError('Expected a number from 0 to 1.');
}

/** Reads a schedule of rates, such as `step:0=0.3,10000=0.15`. */
export function rates(text: string): RateSchedule {
  const [, over, list] = /^(epoch|step):(.+)$/.exec(text) ?? [];
  const points = list?.split(',').map((point) => /^([0-9]{1,10})=([0-9.]+)$/.exec(point));
  if (over === undefined || points === undefined || points.includes(null)) {
    throw new InvalidArgumentError('Expected something like step:0=0.3,10000=0.15 or epoch:0=0.3.');
  }
  return {
    over: over as RateSchedule['over'],
    points: points.map((point) => [Number(point![1]), share(point![2]!)]),
  };
}

/** Reads what random tokens are drawn from. */
export function randomWords(text: string): RandomWords {
  const words = [uniformWords, unigramWords].find(({ name }) => name === text);
  if (words !== undefined) return words;
  throw new InvalidArgumentError('Expected uniform or unigram.');
}

/** Reads sentinels: the first one's id, and how many there are. */
export function sentinels(text: string): Sentinels {
  const [, first, count] = /^([0-9]{1,10}):([0-9]{1,10})$/.exec(text) ?? [];
  if (count !== undefined) return { first: Number(first), count: Number(count) };
  throw new InvalidArgumentError('Expected first:count, such as 32099:100.');
}

/** Reads the ids of UL2's modes. */
export function modes(text: string): { r: number; s: number; x: number } {
  const [, r, s, x] = /^([0-9]{1,10}),([0-9]{1,10}),([0-9]{1,10})$/.exec(text) ?? [];
  if (x !== undefined) return { r: Number(r), s: Number(s), x: Number(x) };
  throw new InvalidArgumentError('Expected the ids of R, S and X, such as 5,6,7.');
}

/** Reads a mean length, a number from 1. */
export function meanLength(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 1 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('Expected a number from 1.');
}

/** Reads an unsigned 64-bit integer. */
export function seed(text: string): bigint {
  if (/^[0-9]{1,20}$/.test(text) && BigInt(text) < 1n << 64n) return BigInt(text);
  throw new InvalidArgumentError('Expected an integer from 0 to 2^64-1.');
}
