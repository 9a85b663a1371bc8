/**
 * Text to datasets: tokenizers, document readers, and the encode job.
 *
 * @module
 */
export { chooseHoldout, documentHash } from './choose-holdout.ts';
export {
  type EncodedDataset,
  type EncodeOptions,
  type EncodeProgress,
  type EncodeResult,
  encode,
} from './encode.ts';
export { TextError, TokenizerError } from './errors.ts';
export {
  type FullSentencesOptions,
  fullSentences,
  type Sample,
  type SentencePacker,
  type TokenisedSentence,
} from './full-sentences.ts';
export { type Document, readDocuments } from './read-documents.ts';
export { type PairSample, pairPacker } from './sentence-pairs.ts';
export { type Sentence, splitSentences } from './split-sentences.ts';
export { loadTokenizer, type Tokenizer } from './tokenizer.ts';
export {
  type TrainedTokenizer,
  type TrainOptions,
  trainWordPiece,
  writeTokenizer,
} from './train-tokenizer.ts';
