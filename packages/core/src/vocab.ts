import { ArgumentError } from './errors.ts';

/** Ids that stand for spans: the first span's is `first`, and each further one's is one lower. */
export interface Sentinels {
  readonly first: number;
  readonly count: number;
}

/** What masking needs to know of a tokenizer. Ids are integers from 0 to `size - 1`. */
export interface VocabTraits {
  /** Number of ids. */
  readonly size: number;
  /** The id that replaces a masked token. */
  readonly maskId: number;
  /** The id that fills a padded row. */
  readonly padId: number;
  /** Ids never selected and never drawn as a random token, ascending; `maskId` and `padId` are among them. */
  readonly specialIds: readonly number[];
  /** Ids that continue a word (`##ing` in WordPiece), ascending. */
  readonly continuationIds: readonly number[];
  /** Special ids that stand for spans (`<extra_id_0>` and on), where the tokenizer has some. */
  readonly sentinels?: Sentinels;
  /** The special id that ends a text: with sentinels, what a target can end with. */
  readonly endId?: number;
  /** How often each id occurs in the data, for random words from the unigram distribution. */
  readonly counts?: readonly number[];
}

/**
 * Checks vocab traits and returns them unchanged.
 *
 * @throws {ArgumentError} naming the trait that does not hold.
 */
export function checkVocab(vocab: VocabTraits): VocabTraits {
  checkMaskingTraits(vocab);
  const special = new Set(vocab.specialIds);
  const { sentinels, endId } = vocab;
  if (endId !== undefined && !special.has(endId)) {
    throw new ArgumentError('vocab.endId', 'one of vocab.specialIds', endId);
  }
  if (sentinels !== undefined) {
    let { first: id, count: left } = sentinels;
    for (; left > 1 && special.has(id); id--) left--;
    if (left !== 1 || !special.has(id)) {
      const found = `${sentinels.first}:${sentinels.count}`;
      throw new ArgumentError('vocab.sentinels', 'ids of vocab.specialIds in a row', found);
    }
  }
  return vocab;
}

/** Checks the traits that masking uses: it takes sentinels from the strategy. */
function checkMaskingTraits(vocab: VocabTraits): void {
  const { size } = vocab;
  if (!Number.isInteger(size) || size < 1 || size > 2 ** 31) {
    throw new ArgumentError('vocab.size', 'an integer from 1 to 2^31', size);
  }
  checkIds('vocab.specialIds', vocab.specialIds, size);
  checkIds('vocab.continuationIds', vocab.continuationIds, size);
  const special = new Set(vocab.specialIds);
  for (const name of ['maskId', 'padId'] as const) {
    if (!special.has(vocab[name])) {
      throw new ArgumentError(`vocab.${name}`, 'one of vocab.specialIds', vocab[name]);
    }
  }
  if (vocab.counts !== undefined) checkCounts(vocab.counts, size);
  if (special.size === size) {
    throw new ArgumentError('vocab.specialIds', 'at least one id that is not special', size);
  }
}

function checkIds(argument: string, ids: readonly number[], size: number): void {
  if (!Array.isArray(ids)) throw new ArgumentError(argument, 'an array of ids', ids);
  let previous = -1;
  for (const id of ids) {
    if (!Number.isInteger(id) || id <= previous || id >= size) {
      throw new ArgumentError(argument, `ascending ids below the vocabulary's ${size}`, id);
    }
    previous = id;
  }
}

function checkCounts(counts: readonly number[], size: number): void {
  const isCount = (count: number) => Number.isInteger(count) && count >= 0;
  const holds =
    Array.isArray(counts) &&
    counts.length === size &&
    counts.every(isCount) &&
    Number.isSafeInteger(counts.reduce((sum, count) => sum + count, 0));
  if (!holds) {
    const expected = `${size} integers from 0, one for each id, that sum below 2^53`;
    throw new ArgumentError('vocab.counts', expected, counts);
  }
}

/** Vocab traits as tables for the inner loop. */
export interface VocabTables {
  readonly size: number;
  readonly maskId: number;
  readonly padId: number;
  /** 1 where the id is special. */
  readonly special: Uint8Array;
  /** 1 where the id continues a word. */
  readonly continuation: Uint8Array;
  /** The ids that are not special, ascending: what a random token is drawn from. */
  readonly allowed: Uint32Array;
  /** For each of `allowed`, its count and those before it; undefined where there are none to draw by. */
  readonly cumulative: Uint32Array | undefined;
}

export function vocabTables(vocab: VocabTraits): VocabTables {
  checkMaskingTraits(vocab);
  const special = new Uint8Array(vocab.size);
  for (const id of vocab.specialIds) special[id] = 1;
  const continuation = new Uint8Array(vocab.size);
  for (const id of vocab.continuationIds) continuation[id] = 1;
  const allowed = new Uint32Array(vocab.size - vocab.specialIds.length);
  let count = 0;
  for (let id = 0; id < vocab.size; id++) if (special[id] === 0) allowed[count++] = id;
  const cumulative = vocab.counts === undefined ? undefined : sumsOf(vocab.counts, allowed);
  const { size, maskId, padId } = vocab;
  return { size, maskId, padId, special, continuation, allowed, cumulative };
}

/** Sums of the counts of `ids`, halved as often as it takes for the last to be below 2^32. */
function sumsOf(counts: readonly number[], ids: Uint32Array): Uint32Array | undefined {
  const sums = new Uint32Array(ids.length);
  for (let divisor = 1; ; divisor *= 2) {
    let sum = 0;
    for (let index = 0; index < ids.length; index++) {
      sum += Math.floor(counts[ids[index]!]! / divisor);
      sums[index] = sum;
    }
    if (sum < 2 ** 32) return sum === 0 ? undefined : sums;
  }
}
