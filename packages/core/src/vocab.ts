import { ArgumentError } from './errors.ts';

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
}

/**
 * Checks vocab traits and returns them unchanged.
 *
 * @throws {ArgumentError} naming the trait that does not hold.
 */
export function checkVocab(vocab: VocabTraits): VocabTraits {
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
  if (special.size === size) {
    throw new ArgumentError('vocab.specialIds', 'at least one id that is not special', size);
  }
  return vocab;
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
}

export function vocabTables(vocab: VocabTraits): VocabTables {
  checkVocab(vocab);
  const special = new Uint8Array(vocab.size);
  for (const id of vocab.specialIds) special[id] = 1;
  const continuation = new Uint8Array(vocab.size);
  for (const id of vocab.continuationIds) continuation[id] = 1;
  const allowed = new Uint32Array(vocab.size - vocab.specialIds.length);
  let count = 0;
  for (let id = 0; id < vocab.size; id++) if (special[id] === 0) allowed[count++] = id;
  const { size, maskId, padId } = vocab;
  return { size, maskId, padId, special, continuation, allowed };
}
