import { ArgumentError, tokenMasking } from '@maskloom/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PlanError } from './errors.ts';
import { createPlan, type Plan, planFields, planId, stepsPerEpoch } from './plan.ts';
import { checkState, checksOf, parseState, type State, stateAfter } from './state.ts';
import { plans } from './testing/plans.ts';

const dataset = { digest: 'ab'.repeat(32), rows: 1000 };
const strategy = tokenMasking({ rate: 0.15 });
const plan = createPlan({ dataset, strategy, seed: 42n, batch: 10 });
const state = stateAfter(plan, planId(plan), { epoch: 3, step: 7 });

/** An address of a plan, the last of all among them. */
function addresses(of: Plan): fc.Arbitrary<{ epoch: number; step: number }> {
  const last = stepsPerEpoch(of) - 1;
  return fc.record({
    epoch: fc.oneof(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.constant(2 ** 32 - 1)),
    step: fc.oneof(
      fc.maxSafeNat().map((step) => step % (last + 1)),
      fc.constant(last),
    ),
  });
}

function refusalOf(given: Plan, found: Partial<State>): PlanError {
  try {
    checkState(given, found);
  } catch (error) {
    if (error instanceof PlanError) return error;
  }
  throw new Error('It was not refused with a PlanError');
}

describe('a state', () => {
  test('is at most 256 bytes of JSON, comes back whole, and fits its plan', () => {
    const cases = plans.chain((given) => fc.tuple(fc.constant(given), addresses(given)));
    fc.assert(
      fc.property(cases, ([given, address]) => {
        const found = stateAfter(given, planId(given), address);
        const text = JSON.stringify(found);
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(256);
        expect(parseState(text)).toEqual(found);
        checkState(given, found);
      }),
    );
  });

  test('is at most 256 bytes with the largest numbers, all fields, and in stages', () => {
    const found: State = {
      version: 2,
      plan: 'f'.repeat(64),
      fields: 'f'.repeat(4 * planFields.length),
      stage: 9999,
      stages: 'f'.repeat(16),
      epoch: 2 ** 32,
      step: Number.MAX_SAFE_INTEGER,
    };
    const text = JSON.stringify(found);
    expect(parseState(text)).toEqual(found);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(256);
  });

  test('has the checks of the fields that its plan has, in the order of the specification', () => {
    expect(checksOf(plan)).toMatch(/^[0-9a-f]{12}----[0-9a-f]{4}----[0-9a-f]{16}$/);
    expect(checksOf(createPlan({ dataset, strategy, seed: 42n, batch: 10 }))).toBe(checksOf(plan));
  });
});

describe('a state of another plan is refused, and names', () => {
  test.each([
    ['seed', { seed: 43n }],
    ['batch', { batch: 20 }],
    ['order', { order: 'sequential' }],
    ['last', { last: 'short' }],
    ['strategy', { strategy: tokenMasking({ rate: 0.3 }) }],
    ['datasets', { dataset: { ...dataset, rows: 1001 } }],
    ['rates', { rates: { over: 'epoch', points: [[0, 0.3]] } }],
    ['mode, copies', { mode: 'static', copies: 2 }],
    ['seed, order', { seed: 7n, order: 'sequential' }],
  ] as const)('%s', (names, options) => {
    const other = createPlan({ dataset, strategy, seed: 42n, batch: 10, ...options });
    for (const [given, found] of [
      [other, state],
      [plan, stateAfter(other, planId(other), { epoch: 0, step: 0 })],
    ] as const) {
      const error = refusalOf(given, found);
      expect(error.code).toBe('STATE_PLAN');
      expect(error.fields).toEqual(names.split(', '));
      expect(error.message).toContain(`they differ in ${names}: resume with the plan the run`);
      expect(error.message).toContain(planId(given));
    }
  });

  test('every differing field of any two plans, but for checks that agree by chance', () => {
    fc.assert(
      fc.property(plans, plans, (left, right) => {
        if (planId(left) === planId(right)) return;
        const found = stateAfter(left, planId(left), { epoch: 0, step: 0 });
        const differing = planFields.filter(
          (name) => JSON.stringify(left[name]) !== JSON.stringify(right[name]),
        );
        const named = new Set(refusalOf(right, found).fields);
        expect(differing.filter((name) => !named.has(name)).length).toBeLessThan(2);
        for (const name of named) expect(differing).toContain(name);
      }),
    );
  });

  test('nothing that a state of version 1 does not tell', () => {
    const error = refusalOf(plan, { version: 1, plan: '0'.repeat(64), epoch: 0, step: 0 });
    expect(error.message).toMatch(/a state of version 1 does not tell: resume with the plan/);
    expect(error.fields).toEqual([]);
  });
});

describe('parseState()', () => {
  test('reads states of version 1', () => {
    const old = { version: 1, plan: planId(plan), epoch: 3, step: 8 } as const;
    const read = parseState(JSON.stringify(old));
    expect(read).toEqual(old);
    checkState(plan, read);
  });

  test.each([
    [{ version: 3 }, /version 3, expected 1 or 2/],
    [{ version: undefined }, /version nothing, expected/],
    [{ plan: 'x' }, /^state\.plan is "x", expected 64 hexadecimal digits: restore it/],
    [{ fields: undefined }, /^state\.fields is missing/],
    [{ fields: 'abc' }, /^state\.fields is "abc"/],
    [{ version: 1 }, /^state\.fields is "\w.*expected none in version 1/],
    [{ epoch: -1 }, /^state\.epoch is -1/],
    [{ epoch: 2 ** 32 + 1 }, /^state\.epoch/],
    [{ step: 0.5 }, /^state\.step is 0\.5/],
    [{ step: '7' }, /^state\.step is "7"/],
    [{ stage: 0 }, /only one of "stage" and "stages"/],
    [{ stage: 0.5, stages: '0'.repeat(16) }, /^state\.stage is 0\.5/],
    [{ stage: 0, stages: 'x' }, /^state\.stages is "x"/],
    [{ rank: 0 }, /unknown field "rank"/],
  ])('refuses %o', (fields, message) => {
    const read = () => parseState(JSON.stringify({ ...state, ...fields }));
    expect(read).toThrow(message);
    let error: unknown;
    try {
      read();
    } catch (caught) {
      error = caught;
    }
    expect(error instanceof PlanError || error instanceof ArgumentError).toBe(true);
  });

  test.each(['{"version":', '[]', 'null', '42'])('refuses %s', (text) => {
    expect(() => parseState(text)).toThrow(PlanError);
  });
});
