import { tokenMasking } from '@maskloom/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PlanError } from '../errors.ts';
import { createPlan, type PlanOptions, planId, stepsPerEpoch } from '../plan.ts';
import { parseState } from '../state.ts';
import { plans } from '../testing/plans.ts';
import { createStages, endOf, parseStages, type Stages, stagesId } from './stages.ts';
import { checkPosition, statesOf } from './stages-state.ts';

const dataset = { digest: 'ab'.repeat(32), rows: 1000 };
const strategy = tokenMasking({ rate: 0.15 });
const planOf = (batch: number, options: Partial<PlanOptions> = {}) =>
  createPlan({ dataset, strategy, seed: 42n, batch, ...options });
const stages = createStages([
  { plan: planOf(10), steps: 250 },
  { plan: planOf(40), epochs: 2 },
]);

describe('stages', () => {
  test('count epochs as steps', () => {
    expect(stages.stages.map(({ steps }) => steps)).toEqual([250, 50]);
  });

  test('keep their id through JSON, and have another when anything of them changes', () => {
    expect(stagesId(parseStages(JSON.stringify(stages)))).toBe(stagesId(stages));
    const [first, second] = stages.stages;
    const others = [
      createStages([first!]),
      createStages([second!, first!]),
      createStages([first!, { ...second!, steps: 49 }]),
      createStages([first!, { ...second!, from: { epoch: 0, step: 0 } }]),
      createStages([first!, { ...second!, plan: planOf(40, { seed: 1n }) }]),
    ];
    expect(new Set([stages, ...others].map(stagesId)).size).toBe(others.length + 1);
  });

  test('go on behind the samples that were seen, where the order of samples is the same', () => {
    const fromOf = (...plans: Parameters<typeof createStages>[0]) =>
      createStages(plans).stages.at(-1)!.from;
    const before = { plan: planOf(10), steps: 250 };
    // 2 epochs and 500 rows.
    expect(fromOf(before, { plan: planOf(40), steps: 1 })).toEqual({ epoch: 2, step: 13 });
    expect(fromOf(before, { plan: planOf(500), steps: 1 })).toEqual({ epoch: 2, step: 1 });
    expect(fromOf(before, { plan: planOf(501), steps: 1 })).toEqual({ epoch: 3, step: 0 });
    const other = { strategy: tokenMasking({ rate: 0.3 }), last: 'short' } as const;
    expect(fromOf(before, { plan: planOf(501, other), steps: 1 })).toEqual({ epoch: 2, step: 1 });
    for (const options of [
      { seed: 1n },
      { order: 'sequential' },
      { dataset: { ...dataset, digest: '0'.repeat(64) } },
    ] as const) {
      expect(fromOf(before, { plan: planOf(40, options), steps: 1 })).toEqual({
        epoch: 0,
        step: 0,
      });
    }
  });

  test('never see a row twice in an epoch, and leave out less than a batch, whatever the batches', () => {
    const batch = fc.integer({ min: 1, max: 300 });
    fc.assert(
      fc.property(batch, batch, fc.integer({ min: 1, max: 3000 }), (first, second, steps) => {
        const [before, after] = createStages([
          { plan: planOf(first), steps },
          { plan: planOf(second), steps: 1 },
        ]).stages;
        const end = endOf(before!);
        const seen = end.step * first;
        if (after!.from.epoch === end.epoch) {
          const left = after!.from.step * second - seen;
          expect(left >= 0 && left < second).toBe(true);
        } else {
          expect(after!.from).toEqual({ epoch: end.epoch + 1, step: 0 });
          expect(Math.floor((1000 - seen) / second)).toBeLessThan(2);
        }
      }),
    );
  });
});

describe('the state of a run in stages', () => {
  const state = statesOf(stages);

  test('is at most 256 bytes, comes back whole and is accepted, for any plans and addresses', () => {
    const run = fc.array(fc.tuple(plans, fc.integer({ min: 1, max: 2 ** 40 })), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(run, fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), (list, which, at) => {
        const given = createStages(
          list.map(([plan, steps]) => ({ plan, steps: Math.min(steps, stepsPerEpoch(plan)) })),
        );
        const number = which % list.length;
        const { plan, from, steps } = given.stages[number]!;
        const { epoch, step } = endOf({ plan, from, steps: Math.floor(at * (steps - 1)) });
        const found = statesOf(given)({ stage: number, epoch, step });
        const text = JSON.stringify(found);
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(256);
        expect(parseState(text)).toEqual(found);
        expect(checkPosition(given, found)).toEqual({ stage: number, epoch, step });
      }),
    );
  });

  test('at the end of a stage is that at the start of the next; at the end of the last stays there', () => {
    const [first, second] = stages.stages;
    expect(state({ stage: 0, ...endOf(first!) })).toEqual(state({ stage: 1, ...second!.from }));
    expect(state({ stage: 0, ...endOf(first!) }).plan).toBe(planId(second!.plan));
    const end = { stage: 1, ...endOf(second!) };
    expect(state(end)).toMatchObject(end);
  });

  const refusal = (given: Stages, position: Parameters<typeof checkPosition>[1]) => {
    try {
      checkPosition(given, position);
    } catch (error) {
      if (error instanceof PlanError) return error;
    }
    throw new Error('It was not refused with a PlanError');
  };

  test('of other stages is refused, naming what differs in its own', () => {
    const [first, second] = stages.stages;
    const at = state({ stage: 1, epoch: 3, step: 0 });
    const otherSeed = createStages([first!, { ...second!, plan: planOf(40, { seed: 1n }) }]);
    expect(refusal(otherSeed, at)).toMatchObject({ code: 'STATE_STAGES', fields: ['seed'] });
    expect(refusal(otherSeed, at).message).toMatch(/^In stage 1: .*they differ in seed: resume/);
    const otherFirst = createStages([{ ...first!, steps: 240 }, second!]);
    expect(refusal(otherFirst, at).message).toMatch(
      /the plan of stage 1 is the same, other stages/,
    );
    expect(refusal(createStages([first!]), at).message).toMatch(
      /in stage 1, and there are 1 stages/,
    );
  });

  test('is not that of one plan, nor an address outside its stage', () => {
    const { stage: _, stages: __, ...alone } = state({ stage: 0, epoch: 0, step: 5 });
    expect(refusal(stages, alone).message).toMatch(/of plan [0-9a-f]{64} alone/);
    expect(refusal(stages, { stage: 1, epoch: 0, step: 0 }).message).toMatch(
      /Epoch 0, step 0 is not in stage 1, which has 50 steps from epoch 2, step 13 on/,
    );
    expect(refusal(stages, { stage: 0, epoch: 2, step: 51 }).message).toMatch(/not in stage 0/);
  });
});

describe('parseStages() names what is wrong', () => {
  const [first, second] = stages.stages;
  test.each([
    [{ version: 2 }, /have version 2, expected 1/],
    [{ stages: [] }, /^stages is an array of 0, expected 1 to 10000 stages/],
    [{ seed: '1' }, /unknown field "seed"/],
    [{ stages: [first, { ...second, epochs: 2 }] }, /Stage 1 has an unknown field "epochs"/],
    [{ stages: [{ ...first, steps: 0 }] }, /^stages\[0\]\.steps is 0/],
    [{ stages: [{ ...first, from: { epoch: 0, step: 100 } }] }, /^stages\[0\]\.from\.step is 100/],
    [{ stages: [{ ...first, from: { epoch: -1, step: 0 } }] }, /^stages\[0\]\.from\.epoch is -1/],
    [
      { stages: [first, { ...second, plan: { ...second!.plan, seed: 7 } }] },
      /^stages\[1\]\.plan\.seed is 7/,
    ],
    [{ stages: [{ ...first, plan: { ...first!.plan, foo: 7 } }] }, /^stages\[0\]\.plan: .*"foo"/],
    [{ stages: [null] }, /^stages\[0\] is null/],
  ])('%o', (fields, message) => {
    expect(() => parseStages(JSON.stringify({ ...stages, ...fields }))).toThrow(message);
  });

  test('when it is not JSON, or not an object', () => {
    for (const text of ['{', '[]', 'null']) expect(() => parseStages(text)).toThrow(PlanError);
  });

  test('and createStages() when steps and epochs are both given, or neither', () => {
    expect(() => createStages([{ plan: planOf(10) }])).toThrow(/stages\[0\] is "neither"/);
    expect(() => createStages([{ plan: planOf(10), steps: 1, epochs: 1 }])).toThrow(/is "both"/);
    expect(() => createStages([])).toThrow(/^stages is an array of 0/);
  });
});
