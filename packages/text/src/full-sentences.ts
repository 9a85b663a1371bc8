import { ArgumentError } from '@maskloom/core';

/** A tokenised sentence. */
export interface TokenisedSentence {
  /** Token ids without special tokens. */
  readonly ids: readonly number[];
  /** Number of its document. */
  readonly document: number;
  /** Byte offset in its document. */
  readonly offset: number;
  /** For each token 1 where a unit begins, else 0; then samples have units too. */
  readonly units?: readonly number[];
}

/** A sample as the encode job writes it. */
export interface Sample {
  /** Token ids with special tokens. */
  readonly inputIds: readonly number[];
  /** Document of its first token. */
  readonly document: number;
  /** Byte offset, in that document, of the sentence its first token belongs to. */
  readonly offset: number;
  /** For each token 1 where a unit begins, else 0, if the sentences say; 1 for special tokens. */
  readonly units?: readonly number[];
}

/** Options of {@linkcode fullSentences}. */
export interface FullSentencesOptions {
  /** Tokens of the longest sample, special tokens included. */
  readonly maxLength: number;
  readonly clsId: number;
  readonly sepId: number;
}

/**
 * Packs sentences into samples `[CLS] s1 s2 … [SEP]` of at most `maxLength` tokens, as RoBERTa's
 * FULL-SENTENCES does (Liu et al. 2019, arXiv:1907.11692 §4.2): a sample may go on into the next
 * document, with a `[SEP]` between the two. A sentence that does not fit one sample is cut into parts
 * that do. No token is lost, and none comes twice.
 *
 * @throws {ArgumentError} for a `maxLength` below 3.
 */
export function* fullSentences(
  sentences: Iterable<TokenisedSentence>,
  options: FullSentencesOptions,
): Generator<Sample> {
  const pack = sentencePacker(options);
  for (const sentence of sentences) yield* pack.add(sentence);
  yield* pack.end();
}

/** Packs sentences as they come. */
export interface SentencePacker<Packed extends Sample = Sample> {
  /** Adds a sentence; returns the samples that this completes. */
  add(sentence: TokenisedSentence): Packed[];
  /** Returns what is left. */
  end(): Packed[];
  /** Tokens so far that made no sample. */
  leftOut(): number;
}

/** {@linkcode fullSentences} for sentences that come one by one. */
export function sentencePacker({ maxLength, clsId, sepId }: FullSentencesOptions): SentencePacker {
  if (!Number.isInteger(maxLength) || maxLength < 3) {
    throw new ArgumentError('maxLength', 'an integer from 3', maxLength);
  }
  const room = maxLength - 2;
  let ids: number[] = [];
  let units: number[] = [];
  let first: TokenisedSentence | undefined;
  let document = -1;

  function end(): Sample[] {
    if (first === undefined) return [];
    const { document, offset } = first;
    const sample: Sample = {
      inputIds: [clsId, ...ids, sepId],
      document,
      offset,
      ...(first.units === undefined ? {} : { units: [1, ...units, 1] }),
    };
    ids = [];
    units = [];
    first = undefined;
    return [sample];
  }

  function add(sentence: TokenisedSentence): Sample[] {
    if (sentence.ids.length === 0) return [];
    const samples: Sample[] = [];
    const separator = first !== undefined && sentence.document !== document ? 1 : 0;
    if (ids.length + separator + sentence.ids.length > room) samples.push(...end());
    else if (separator === 1) {
      ids.push(sepId);
      units.push(1);
    }
    let start = 0;
    for (; sentence.ids.length - start > room; start += room) {
      first = sentence;
      ids = sentence.ids.slice(start, start + room);
      units = sentence.units?.slice(start, start + room) ?? [];
      samples.push(...end());
    }
    first ??= sentence;
    for (let index = start; index < sentence.ids.length; index++) {
      ids.push(sentence.ids[index]!);
      units.push(sentence.units?.[index] ?? 1);
    }
    document = sentence.document;
    return samples;
  }

  return { add, end, leftOut: () => 0 };
}
