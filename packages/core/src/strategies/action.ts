import { ArgumentError } from '../errors.ts';
import {
  checkRandomWords,
  type RandomWords,
  type RandomWordsPlan,
  randomWordsPlan,
} from './random-words.ts';

/** What becomes of selected tokens, as a plan stores it. */
export interface ActionPlan extends RandomWordsPlan {
  /** A 16-bit draw below this masks; 0 to 65536. */
  readonly mask: number;
  /** Else below this, a random token replaces it; else it is kept. */
  readonly random: number;
  /** Whether each token has a draw of its own, or all of a unit or a span share one. */
  readonly per: 'token' | 'unit' | 'span';
}

/** Shares of the selected tokens; they sum to 1. */
export interface ActionShares {
  /** Share that becomes the mask token. Default 0.8. */
  readonly mask?: number;
  /** Share that becomes a random token that is not special. Default 0.1. */
  readonly random?: number;
  /** Share that stays as it is. Default 0.1. */
  readonly keep?: number;
}

/** What becomes of selected tokens. */
export interface ActionOptions extends ActionShares {
  /** What a random token is drawn from. Default `uniform`. */
  readonly randomWords?: RandomWords;
}

/** Checks the share of tokens to select. */
export function checkRate(rate: number): number {
  if (!isShare(rate)) throw new ArgumentError('rate', 'a number from 0 to 1', rate);
  return rate;
}

function isShare(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= 1;
}

/** The 16-bit threshold of a rate in parts per million. */
export function thresholdOf(rate: number): number {
  if (!(Number.isInteger(rate) && rate >= 0 && rate <= 1_000_000)) {
    throw new ArgumentError('rate', 'parts per million, an integer from 0 to 1000000', rate);
  }
  return Math.floor((rate * 65536) / 1_000_000);
}

/** Fills in the default shares 80/10/10 and checks them. */
export function checkShares(shares: ActionShares): Required<ActionShares> {
  const { mask = 0.8, random = 0.1, keep = 0.1 } = shares;
  for (const [name, share] of Object.entries({ mask, random, keep })) {
    if (!isShare(share)) throw new ArgumentError(name, 'a number from 0 to 1', share);
  }
  const sum = mask + random + keep;
  if (Math.abs(sum - 1) > 1e-9) {
    throw new ArgumentError('mask + random + keep', 'a sum of 1', sum, 'give all three shares');
  }
  return { mask, random, keep };
}

/** The thresholds of an action: those of docs/spec.md at rate 1. */
export function actionPlan(options: ActionOptions, per: ActionPlan['per']): ActionPlan {
  const { mask, random, keep } = checkShares(options);
  return {
    mask: Math.floor(mask * 65536),
    random: keep === 0 ? 65536 : Math.floor((mask + random) * 65536),
    per,
    ...randomWordsPlan(options.randomWords),
  };
}

/** Checks an action from a plan; returns what it knows of it. */
export function checkAction(action: ActionPlan): ActionPlan {
  for (const name of ['mask', 'random'] as const) {
    const value: unknown = action?.[name];
    if (!(Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65536)) {
      throw new ArgumentError(`strategy.action.${name}`, 'an integer from 0 to 65536', value);
    }
  }
  if (action.mask > action.random) {
    throw new ArgumentError(
      'strategy.action',
      'mask <= random',
      `${action.mask}, ${action.random}`,
    );
  }
  if (!['token', 'unit', 'span'].includes(action.per)) {
    throw new ArgumentError('strategy.action.per', '"token", "unit" or "span"', action.per);
  }
  checkRandomWords('strategy.action.randomWords', action);
  const { mask, random, per, randomWords } = action;
  return { mask, random, per, ...randomWordsPlan(randomWords) };
}
