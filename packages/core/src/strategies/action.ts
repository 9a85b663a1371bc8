import { ArgumentError } from '../errors.ts';
import {
  checkRandomWords,
  type RandomWords,
  type RandomWordsPlan,
  randomWordsPlan,
} from './random-words/random-words.ts';
import { randomWordsFromPlan } from './random-words/random-words-from-plan.ts';
import { checkShare } from './rate.ts';

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
  /** What a random token is drawn from. Default `uniformWords`. */
  readonly randomWords?: RandomWords;
}

/** Fills in the default shares 80/10/10 and checks them. */
export function checkShares(shares: ActionShares): Required<ActionShares> {
  const { mask = 0.8, random = 0.1, keep = 0.1 } = shares;
  for (const [name, share] of Object.entries({ mask, random, keep })) checkShare(name, share);
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
    ...randomWordsPlan(checkRandomWords(options.randomWords)),
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
  const { mask, random, per } = action;
  const words = randomWordsFromPlan('strategy.action.randomWords', action);
  return { mask, random, per, ...randomWordsPlan(words) };
}
