import { budgetOf } from '../strategies/selection.ts';
import type { RowKernel } from '../strategies/strategy.ts';
import type { UnitStrategyPlan } from '../strategies/strategy-plan.ts';
import type { VocabTables } from '../vocab.ts';
import type { KernelModule, KernelRoom } from './kernel-memory.ts';
import { rowKernel } from './row-kernel.ts';
import { unitMaskingWasm } from './unit-masking-wasm.ts';

/** Larger vocabularies are left to the reference. */
const largestVocab = 0x10_0000;

const module: KernelModule = { hex: unitMaskingWasm };

/** What is drawn for each action: perToken, perUnit, else a span in the kernel. */
const actionPer = { token: 0, unit: 1, span: 2 } as const;

/** A unit's lengths have this mean, in 1/256; clipped and cut spans may be shorter. */
function meanLength({ lengths }: UnitStrategyPlan): number {
  const mean = lengths.reduce((sum, threshold) => sum + 1 - threshold / 2 ** 32, 1);
  return Math.max(1, Math.round(mean * 256));
}

/**
 * Strategies of units in WebAssembly, of the same bytes as their reference; undefined where this machine or this
 * vocabulary has to do without it.
 */
export function unitKernel(
  plan: UnitStrategyPlan,
  vocab: VocabTables,
  room: KernelRoom | undefined,
): RowKernel | undefined {
  if (vocab.size > largestVocab) return undefined;
  const { size, maskId, padId, special, continuation, allowed } = vocab;
  const { unit, lengths, selection, action } = plan;
  const budget = selection.type === 'budget' ? selection : undefined;
  return rowKernel(
    module,
    {
      vocabSize: size,
      narrowest: 4,
      tableBytes: 8 * lengths.length + 4 * allowed.length + size,
      writeTables(buffer, tables) {
        const thresholds = new Uint32Array(buffer, tables, 2 * lengths.length);
        lengths.forEach((threshold, index) => {
          thresholds[2 * index] = threshold;
          thresholds[2 * index + 1] = threshold / 2 ** 32;
        });
        const allowedAt = tables + 8 * lengths.length;
        new Uint32Array(buffer, allowedAt, allowed.length).set(allowed);
        const kindsAt = allowedAt + 4 * allowed.length;
        const kinds = new Uint8Array(buffer, kindsAt, size);
        for (let id = 0; id < size; id++) {
          kinds[id] = special[id]! === 1 ? 1 : unit === 'word' ? 2 * continuation[id]! : 0;
        }
        return [
          size,
          maskId,
          padId,
          kindsAt,
          tables,
          lengths.length,
          selection.type === 'bernoulli' ? selection.select : -1,
          Number(budget?.anchor === 'token'),
          Number(budget?.overlap === 'drop'),
          action.mask,
          action.random,
          actionPer[action.per],
          meanLength(plan),
          allowedAt,
          allowed.length,
        ];
      },
      ...(budget === undefined
        ? {}
        : { budget: (length, draws) => budgetOf(budget, length, draws) }),
    },
    room,
  );
}
