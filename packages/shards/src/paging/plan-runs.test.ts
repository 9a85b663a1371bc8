import fc from 'fast-check';
import { expect, test } from 'vitest';
import { planRuns } from './plan-runs.ts';

test('runs have every row once, in order, and no gap that is longer than allowed', () => {
  const lengths = fc.array(fc.nat(20), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(lengths, fc.nat(30), fc.infiniteStream(fc.boolean()), (sizes, gap, chosen) => {
      let end = 0;
      const offsets = Int32Array.from([0, ...sizes.map((size) => (end += size))]);
      const rows = sizes.map((_, row) => row).filter(() => chosen.next().value);
      const runs = planRuns(rows, offsets, gap);
      expect(runs.flatMap((run) => rows.slice(run.first, run.end))).toEqual(rows);
      const gapBefore = (at: number) => offsets[rows[at]!]! - offsets[rows[at - 1]! + 1]!;
      for (const run of runs) {
        expect(run.end).toBeGreaterThan(run.first);
        for (let at = run.first + 1; at < run.end; at++) {
          expect(gapBefore(at)).toBeLessThanOrEqual(gap);
        }
        if (run.first > 0) expect(gapBefore(run.first)).toBeGreaterThan(gap);
      }
    }),
  );
});
