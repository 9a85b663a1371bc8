import { ArgumentError } from '@maskloom/core';
import type {
  FullSentencesOptions,
  Sample,
  SentencePacker,
  TokenisedSentence,
} from './full-sentences.ts';

/** A sample of two segments. */
export interface PairSample extends Sample {
  /** Position where the second segment starts. */
  readonly segment: number;
}

/**
 * Packs sentences into pairs of consecutive segments, `[CLS] A [SEP] B [SEP]`, of at most `maxLength` tokens,
 * for objectives that ask for their order (Lan et al. 2020, arXiv:1909.11942 §3.1). A pair never leaves its
 * document. It takes as many whole sentences as fit and divides them where A is closest to half of the
 * tokens; a single sentence is divided in its middle. Only a document, or a rest of one, of a single token
 * makes no pair: `leftOut` counts these tokens.
 *
 * @throws {ArgumentError} for a `maxLength` below 5.
 */
export function pairPacker({
  maxLength,
  clsId,
  sepId,
}: FullSentencesOptions): SentencePacker<PairSample> {
  if (!Number.isInteger(maxLength) || maxLength < 5) {
    throw new ArgumentError('maxLength', 'an integer from 5 for pairs', maxLength);
  }
  const room = maxLength - 3;
  let chunk: TokenisedSentence[] = [];
  let size = 0;
  let leftOut = 0;

  function end(): PairSample[] {
    const sentences = chunk;
    const tokens = sentences.flatMap(({ ids }) => ids);
    chunk = [];
    size = 0;
    if (tokens.length < 2) {
      leftOut += tokens.length;
      return [];
    }
    const division = divide(sentences, tokens.length);
    const pair = (values: readonly number[], before: number, behind: number) => [
      before,
      ...values.slice(0, division),
      behind,
      ...values.slice(division),
      behind,
    ];
    const { document, offset, units } = sentences[0]!;
    const sample = {
      inputIds: pair(tokens, clsId, sepId),
      document,
      offset,
      segment: division + 2,
    };
    if (units === undefined) return [sample];
    return [
      {
        ...sample,
        units: pair(
          sentences.flatMap(({ units = [] }) => units),
          1,
          1,
        ),
      },
    ];
  }

  function add(sentence: TokenisedSentence): PairSample[] {
    if (sentence.ids.length === 0) return [];
    const samples: PairSample[] = [];
    const leaves = chunk.length > 0 && chunk[0]!.document !== sentence.document;
    if (leaves || size + sentence.ids.length > room) samples.push(...end());
    for (let start = 0; start < sentence.ids.length; start += room) {
      const ids = sentence.ids.slice(start, start + room);
      const units = sentence.units?.slice(start, start + room);
      if (size + ids.length > room) samples.push(...end());
      chunk.push({ ...sentence, ids, ...(units === undefined ? {} : { units }) });
      size += ids.length;
    }
    return samples;
  }

  return { add, end, leftOut: () => leftOut };
}

/** How many tokens go to the first segment: up to the end of the sentence closest to the middle. */
function divide(sentences: readonly TokenisedSentence[], total: number): number {
  if (sentences.length === 1) return total >> 1;
  let best = 0;
  let end = 0;
  for (const { ids } of sentences.slice(0, -1)) {
    end += ids.length;
    if (best === 0 || Math.abs(2 * end - total) < Math.abs(2 * best - total)) best = end;
  }
  return best;
}
