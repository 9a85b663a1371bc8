import type { RowKernel } from '../strategies/strategy.ts';
import type { TokenStrategyPlan } from '../strategies/strategy-plan.ts';
import type { VocabTables } from '../vocab.ts';
import type { KernelModule, KernelRoom } from './kernel-memory.ts';
import { rowKernel } from './row-kernel.ts';
import { tokenMaskingWasm } from './token-masking-wasm.ts';

/** Larger or more scattered vocabularies are left to the reference. */
const largestVocab = 0x10_0000;
const mostRanges = 16;

const module: KernelModule = { hex: tokenMaskingWasm };

/** The special ids as ranges: first id, and how many more. */
function specialRanges({ specialIds }: VocabTables): number[] {
  const ranges: number[] = [];
  let next = -1;
  for (const id of specialIds) {
    if (id === next) ranges[ranges.length - 1]!++;
    else ranges.push(id, 0);
    next = id + 1;
  }
  return ranges;
}

/** The longest run of ids without a special one: where no id is outside, none has to be looked up. */
function plainIds({ specialIds, size }: VocabTables): [from: number, most: number] {
  let plain: [number, number] = [0, -1];
  let from = 0;
  for (const id of [...specialIds, size]) {
    if (id - from > plain[1] - plain[0] + 1) plain = [from, id - 1];
    from = id + 1;
  }
  return plain;
}

/**
 * The token strategy in WebAssembly SIMD, of the same bytes as its reference; undefined where this machine, this
 * vocabulary or a plan that never masks has to do without it.
 */
export function tokenKernel(
  plan: TokenStrategyPlan,
  vocab: VocabTables,
  room: KernelRoom | undefined,
): RowKernel | undefined {
  const ranges = specialRanges(vocab);
  if (plan.mask === 0 || vocab.size > largestVocab || ranges.length > 2 * mostRanges) {
    return undefined;
  }
  const { size, maskId, padId, allowed } = vocab;
  const { mask, random, select } = plan;
  const [from, most] = plainIds(vocab);
  return rowKernel(
    module,
    {
      vocabSize: size,
      narrowest: size <= 65536 ? 2 : 4,
      tableBytes: 4 * (allowed.length + ranges.length),
      writeTables(buffer, tables) {
        new Uint32Array(buffer, tables, allowed.length).set(allowed);
        const rangesAt = tables + 4 * allowed.length;
        new Uint32Array(buffer, rangesAt, ranges.length).set(ranges);
        const count = ranges.length / 2;
        return [
          mask,
          random,
          select,
          size,
          maskId,
          padId,
          from,
          most,
          rangesAt,
          count,
          tables,
          allowed.length,
        ];
      },
    },
    room,
  );
}
