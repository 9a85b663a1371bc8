/**
 * Masking for masked-language-model pretraining: pure functions of (seed, epoch, sample), without
 * dependencies, the same in Node, Deno and a browser.
 *
 * @module
 */
export { createDraws, type Draws, op } from './draws.ts';
export { ArgumentError, TokenIdError } from './errors.ts';
export {
  createMasker,
  type MaskedSample,
  type Masker,
  type MaskerOptions,
  type SampleAddress,
} from './masker.ts';
export { type Mode, maskEpoch, toMode } from './mode.ts';
export { mulhi32, philox4x32 } from './philox.ts';
export {
  type IntegerArray,
  ignoredLabel,
  type MaskedOutput,
  type Strategy,
  type StrategyPlan,
} from './strategy.ts';
export { strategyFromPlan } from './strategy-from-plan.ts';
export {
  effectiveRate,
  type TokenMaskingOptions,
  type TokenStrategyPlan,
  tokenMasking,
} from './token-masking.ts';
export { parseUint64, toUint32, toUint64, type Uint64 } from './uint64.ts';
export { checkVocab, type VocabTables, type VocabTraits } from './vocab.ts';
