import { tokenMasking, ul2 } from '@maskloom/core';
import type { Json } from '@maskloom/shards';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { diffPlans } from './diff-plans.ts';
import { createPlan, planId } from './plan.ts';
import { createStages } from './stages/stages.ts';
import { plans } from './testing/plans.ts';

const dataset = { digest: 'ab'.repeat(32), rows: 1000 };
const strategy = tokenMasking({ rate: 0.15 });
const plan = createPlan({ dataset, strategy, seed: 42n, batch: 8 });

/** The value at a path such as `strategy.denoisers[2].density`. */
function valueAt(value: Json | undefined, path: string): Json | undefined {
  const names = path.split(/[.[\]]+/).filter((name) => name !== '');
  return names.reduce<Json | undefined>(
    (inner, name) => (inner as { readonly [name: string]: Json } | undefined)?.[name],
    value,
  );
}

test('differences are none for plans of one id, and else name places where the values differ', () => {
  fc.assert(
    fc.property(plans, plans, (a, b) => {
      for (const [left, right] of [
        [a, b],
        [a, structuredClone(a)],
      ] as const) {
        const differences = diffPlans(left, right);
        expect(differences.length === 0).toBe(planId(left) === planId(right));
        for (const { path, ...values } of differences) {
          expect(values.left).toEqual(valueAt(left as unknown as Json, path));
          expect(values.right).toEqual(valueAt(right as unknown as Json, path));
          expect(values.left).not.toEqual(values.right);
        }
        const swapped = diffPlans(right, left);
        expect(swapped.map(({ path }) => path)).toEqual(differences.map(({ path }) => path));
      }
    }),
  );
});

test('differences are told as deep as both have objects or arrays', () => {
  const sentinels = { first: 99, count: 20 };
  const mixture = createPlan({ dataset, strategy: ul2({ sentinels }), seed: 42n, batch: 8 });
  const other = structuredClone(mixture) as unknown as {
    strategy: { denoisers: { density: number }[]; end?: number };
  };
  other.strategy.denoisers[2]!.density = 300_000;
  other.strategy.end = 1;
  expect(diffPlans(mixture, other as never)).toEqual([
    { path: 'strategy.denoisers[2].density', left: 250_000, right: 300_000 },
    { path: 'strategy.end', left: undefined, right: 1 },
  ]);
});

test('stages are compared as plans are', () => {
  const stages = createStages([{ plan, steps: 5 }]);
  const longer = createStages([
    { plan, steps: 6 },
    { plan, steps: 1 },
  ]);
  expect(diffPlans(stages, longer)).toMatchObject([
    { path: 'stages[0].steps', left: 5, right: 6 },
    { path: 'stages[1]', left: undefined },
  ]);
});
