import { ArgumentError, TokenIdError } from '../errors.ts';
import { unitKernel } from '../kernel/unit-kernel.ts';
import type { Draws } from '../random/draws.ts';
import * as op from '../random/ops.ts';
import type { VocabTables } from '../vocab.ts';
import { checkAction } from './action.ts';
import { checkTable, drawLength, type LengthTable } from './length-table.ts';
import { type RandomWords, uniformWords } from './random-words/random-words.ts';
import { randomWordsFromPlan } from './random-words/random-words-from-plan.ts';
import { checkPartsPerMillion, thresholdOf } from './rate.ts';
import { type BudgetSelection, budgetOf, checkSelection } from './selection.ts';
import { type Columns, ignoredLabel, type Strategy } from './strategy.ts';
import type { UnitStrategyPlan } from './strategy-plan.ts';
import { splitUnits, type Units, unitsOfLength } from './units.ts';

/** Positions fit below this in a key beside a 32-bit draw. */
const positionRoom = 0x20_0000;

/**
 * Composes a strategy: what is hidden as a whole (*unit*), how many of these in a row (*lengths*), how
 * they are chosen (*selection*), and what becomes of their tokens (*action*). See docs/spec.md, Units.
 *
 * @throws {ArgumentError} for a part that does not hold.
 *
 * @example
 * ```ts
 * import { inverseLengths, unitMasking } from '@maskloom/core';
 * // Whole-word n-grams of up to 3 words, 15 % of the tokens, all masked.
 * const strategy = unitMasking({
 *   type: 'units',
 *   unit: 'word',
 *   lengths: inverseLengths(3),
 *   selection: {
 *     type: 'budget', rate: 150_000, rounding: 'half-even', least: 1, anchor: 'unit', overlap: 'drop',
 *   },
 *   action: { mask: 65536, random: 65536, per: 'token' },
 * });
 * ```
 */
export function unitMasking(plan: UnitStrategyPlan): Strategy<UnitStrategyPlan> {
  if (plan.unit !== 'token' && plan.unit !== 'word' && plan.unit !== 'column') {
    throw new ArgumentError('strategy.unit', '"token", "word" or "column"', plan.unit);
  }
  const { type, unit } = plan;
  const lengths = checkTable('strategy.lengths', plan.lengths);
  const selection = checkSelection(plan.selection);
  const action = checkAction(plan.action);
  const words = randomWordsFromPlan('strategy.action.randomWords', action);
  if (selection.type === 'bernoulli' && lengths.length > 0) {
    throw new ArgumentError('strategy.lengths', 'none with Bernoulli selection', lengths);
  }
  return composeUnits({ type, unit, lengths, selection, action }, words);
}

/** The strategy of a plan that holds; `words` are those that its action names. */
export function composeUnits(
  plan: UnitStrategyPlan,
  words: RandomWords = uniformWords,
): Strategy<UnitStrategyPlan> {
  const { unit, lengths, selection, action } = plan;
  const room = new Room();

  return {
    plan,
    prepare: (vocab) => words.prepare?.(vocab),
    // The kernel tells units by the vocabulary alone, and draws uniformly.
    accelerate: (vocab, room) =>
      unit === 'column' || words !== uniformWords ? undefined : unitKernel(plan, vocab, room),
    atRate: (rate) =>
      composeUnits(
        {
          ...plan,
          selection:
            selection.type === 'bernoulli'
              ? { ...selection, select: thresholdOf(rate) }
              : { ...selection, rate: checkPartsPerMillion(rate) },
        },
        words,
      ),

    mask(input, draws, vocab, out, start) {
      const { ids } = input;
      const { length } = ids;
      if (length > positionRoom) {
        throw new ArgumentError('sample', `at most ${positionRoom} tokens`, length, 'split it');
      }
      room.reserve(length);
      const { units, anchorOf } = room;
      copy(ids, vocab, out, start);
      splitUnits(unit, input, vocab, units);
      anchorOf.fill(-1, 0, length);

      let selected: number;
      if (selection.type === 'bernoulli') {
        selected = 0;
        for (let index = 0; index < units.count; index++) {
          const first = units.start[index]!;
          if (draws.half(op.select, first) >= selection.select) continue;
          selected += room.take(index, first);
        }
      } else {
        const budget = budgetOf(selection, length, draws);
        if (budget > 0) room.findAnchors(selection.anchor, draws);
        selected = room.fill(selection, budget, lengths, draws);
      }
      if (selected === 0) return 0;

      const { maskId } = vocab;
      for (let index = 0; index < units.count; index++) {
        const first = units.start[index]!;
        const anchor = anchorOf[first]!;
        if (anchor === -1) continue;
        for (let position = first; position < units.end[index]!; position++) {
          const place = start + position;
          out.labels[place] = ids[position]!;
          const draw = draws.half(
            op.action,
            action.per === 'token' ? position : action.per === 'unit' ? first : anchor,
          );
          if (draw < action.mask) out.inputIds[place] = maskId;
          else if (draw < action.random) out.inputIds[place] = words.draw(draws, position, vocab);
        }
      }
      return selected;
    },
  };
}

function copy(
  ids: ArrayLike<number>,
  { size }: VocabTables,
  { inputIds, labels }: Columns,
  start: number,
): void {
  for (let position = 0; position < ids.length; position++) {
    const id = ids[position]!;
    if (!(id >= 0 && id < size)) throw new TokenIdError(position, id, size);
    inputIds[start + position] = id;
    labels[start + position] = ignoredLabel;
  }
}

/** Arrays that are used again from sample to sample. */
class Room {
  units: Units = unitsOfLength(0);
  /** For each position that a unit begins at: the anchor of the span that took it, or -1. */
  anchorOf = new Int32Array(0);
  /** A binary heap of `#count` keys: the one at place n is at most those at 2n + 1 and 2n + 2. */
  #keys = new Float64Array(0);
  #count = 0;
  #unitOf = new Int32Array(0);

  reserve(length: number): void {
    if (length <= this.anchorOf.length) return;
    this.units = unitsOfLength(length);
    this.anchorOf = new Int32Array(length);
    this.#count = 0;
    this.#keys = new Float64Array(length);
    this.#unitOf = new Int32Array(length);
  }

  /** Gives a unit to a span; returns how many tokens that took. */
  take(unit: number, anchor: number): number {
    const start = this.units.start[unit]!;
    this.anchorOf[start] = anchor;
    return this.units.end[unit]! - start;
  }

  /**
   * Finds the candidates to start a span. Their keys hold the draw above the position (32 and 21 bits fit a
   * double), so that they are in the order of their draws, ties by lower position.
   */
  findAnchors(kind: 'unit' | 'token', draws: Draws): void {
    const { units } = this;
    const drawn = kind === 'token' ? op.spanStart : op.select;
    let count = 0;
    for (let unit = 0; unit < units.count; unit++) {
      const start = units.start[unit]!;
      const end = kind === 'token' ? units.end[unit]! : start + 1;
      for (let position = start; position < end; position++) {
        this.#unitOf[position] = unit;
        this.#keys[count++] = (draws.signedWord(drawn, position) >>> 0) * positionRoom + position;
      }
    }
    this.#count = count;
    // Only as many as the budget needs are ever put in order.
    for (let parent = (count >>> 1) - 1; parent >= 0; parent--) this.#sink(parent);
  }

  /** Takes the candidate with the lowest key out; returns its position. */
  #nextAnchor(): number {
    const keys = this.#keys;
    const position = (keys[0]! % positionRoom) | 0;
    keys[0] = keys[--this.#count]!;
    this.#sink(0);
    return position;
  }

  #sink(from: number): void {
    const keys = this.#keys;
    const count = this.#count;
    const key = keys[from]!;
    let place = from;
    for (let child = 2 * place + 1; child < count; child = 2 * place + 1) {
      if (child + 1 < count && keys[child + 1]! < keys[child]!) child++;
      if (keys[child]! >= key) break;
      keys[place] = keys[child]!;
      place = child;
    }
    keys[place] = key;
  }

  /** Takes spans in the anchors' order until the budget is spent; returns how many tokens that took. */
  fill({ overlap }: BudgetSelection, budget: number, lengths: LengthTable, draws: Draws): number {
    const { units, anchorOf } = this;
    let left = budget;
    while (left > 0 && this.#count > 0) {
      const position = this.#nextAnchor();
      const first = this.#unitOf[position]!;
      if (anchorOf[units.start[first]!] !== -1) continue;
      const draw = lengths.length === 0 ? 0 : draws.signedWord(op.spanLength, position);
      const last = this.#lastUnit(first, drawLength(lengths, draw), left, overlap === 'drop');
      for (let unit = first; unit <= last; unit++) {
        if (anchorOf[units.start[unit]!] === -1) left -= this.take(unit, position);
      }
    }
    return budget - left;
  }

  /**
   * The last unit of a span that begins at `first`: as many units as it was drawn, as long as they touch
   * (a special token ends a span) and fit what is left; `first - 1` where none does, or where it meets a
   * span chosen before and `drop` says so.
   */
  #lastUnit(first: number, length: number, left: number, drop: boolean): number {
    const { units, anchorOf } = this;
    let room = left;
    let unit = first;
    for (; unit < first + length && unit < units.count; unit++) {
      const start = units.start[unit]!;
      if (unit > first && start !== units.end[unit - 1]!) break;
      if (anchorOf[start] !== -1) {
        if (drop) return first - 1;
        continue;
      }
      const size = units.end[unit]! - start;
      if (size > room) break;
      room -= size;
    }
    return unit - 1;
  }
}
