import { checkCounts } from './counts.ts';
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
  const { sentinels, endId, counts } = vocab;
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
  if (counts !== undefined) checkCounts(counts, vocab.size);
  return vocab;
}

/** Checks the traits that all masking uses: sentinels are the strategy's, counts are for those that draw by them. */
function checkMaskingTraits(vocab: VocabTraits): void {
  const { size, specialIds } = vocab;
  if (!Number.isInteger(size) || size < 1 || size > 2 ** 31) {
    throw new ArgumentError('vocab.size', 'an integer from 1 to 2^31', size);
  }
  checkIds('vocab.specialIds', specialIds, size);
  checkIds('vocab.continuationIds', vocab.continuationIds, size);
  for (const name of ['maskId', 'padId'] as const) {
    if (!specialIds.includes(vocab[name])) {
      throw new ArgumentError(`vocab.${name}`, 'one of vocab.specialIds', vocab[name]);
    }
  }
  if (specialIds.length === size) {
    throw new ArgumentError('vocab.specialIds', 'at least one id that is not special', size);
  }
}

function checkIds(argument: string, ids: readonly number[], size: number): void {
  if (!Array.isArray(ids)) throw new ArgumentError(argument, 'an array of ids', ids);
  let previous = -1;
  for (const id of ids as readonly number[]) {
    if (!Number.isInteger(id) || id <= previous || id >= size) {
      throw new ArgumentError(argument, `ascending ids below the vocabulary's ${size}`, id);
    }
    previous = id;
  }
}

/** Vocab traits, and tables of them for the inner loop. */
export interface VocabTables extends VocabTraits {
  /** 1 where the id is special. */
  readonly special: Uint8Array;
  /** 1 where the id continues a word. */
  readonly continuation: Uint8Array;
  /** The ids that are not special, ascending: what a random token is drawn from. */
  readonly allowed: Uint32Array;
  /** For each of `allowed`, its count and those before it: made by strategies that draw by them. */
  cumulative?: Uint32Array | undefined;
}

export function vocabTables(vocab: VocabTraits): VocabTables {
  checkMaskingTraits(vocab);
  const { size, specialIds, continuationIds } = vocab;
  const special = marked(specialIds, size);
  const continuation = marked(continuationIds, size);
  const allowed = new Uint32Array(size - specialIds.length);
  let count = 0;
  for (let id = 0; id < size; id++) if (special[id] === 0) allowed[count++] = id;
  return { ...vocab, special, continuation, allowed };
}

/** 1 for each of the ids, 0 for the others. */
function marked(ids: readonly number[], size: number): Uint8Array {
  const marks = new Uint8Array(size);
  for (const id of ids) marks[id] = 1;
  return marks;
}
