import type { Strategy } from '../strategies/strategy.ts';
import type { TokenStrategyPlan } from '../strategies/strategy-plan.ts';
import type { VocabTables } from '../vocab.ts';
import { tokenMaskingWasm } from './token-masking-wasm.ts';

// The part of WebAssembly's JavaScript interface that is used here: every runtime has it, but the language's
// own type declarations do not.
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Memory: new (descriptor: { initial: number }) => Memory;
  Instance: new (
    module: object,
    imports: { env: { memory: Memory } },
  ) => { readonly exports: unknown };
};
declare function atob(base64: string): string;

interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** What assembly/token-masking.ts exports. */
interface Exports {
  configure(
    mask: number,
    random: number,
    select: number,
    size: number,
    maskId: number,
    ranges: number,
    rangeCount: number,
    allowed: number,
    allowedCount: number,
    waiting: number,
  ): void;
  mask(
    ids: number,
    bytes: number,
    length: number,
    inputIds: number,
    labels: number,
    seedLow: number,
    seedHigh: number,
    epoch: number,
    sampleLow: number,
    sampleHigh: number,
  ): number;
}

const pageBytes = 65536;
/** Longer samples, and larger or more scattered vocabularies, are left to the reference. */
const longestSample = 32768;
const largestVocab = 2 ** 20;
const mostRanges = 16;

const rangesAt = 0;
const idsAt = rangesAt + mostRanges * 8;
const inputIdsAt = idsAt + longestSample * 4;
const labelsAt = inputIdsAt + longestSample * 4;
const waitingAt = labelsAt + longestSample * 4;
const allowedAt = waitingAt + longestSample * 4 + 128;

/** The columns of the kernel's memory, cut to a sample's length. */
interface Columns {
  readonly ids16: Uint16Array;
  readonly ids32: Uint32Array;
  readonly inputIds: Int32Array;
  readonly labels: Int32Array;
}

/** The kernel of this thread: one memory, which maskers take turns in. */
class Kernel {
  readonly exports: Exports;
  readonly #memory: Memory;
  #owner: object | undefined;
  /** By length, so that a sample allocates nothing. */
  #columns: Columns[] = [];

  constructor(bytes: Uint8Array) {
    this.#memory = new WebAssembly.Memory({ initial: Math.ceil(allowedAt / pageBytes) });
    const imports = { env: { memory: this.#memory } };
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), imports);
    this.exports = instance.exports as Exports;
  }

  /** Sets plan and vocabulary, unless they are the ones of the call before. */
  own(owner: object, plan: TokenStrategyPlan, vocab: VocabTables, ranges: Uint32Array): void {
    if (this.#owner === owner) return;
    const { allowed, size, maskId } = vocab;
    const missing = allowedAt + allowed.length * 4 - this.#memory.buffer.byteLength;
    if (missing > 0) {
      this.#memory.grow(Math.ceil(missing / pageBytes));
      this.#columns = [];
    }
    const { buffer } = this.#memory;
    new Uint32Array(buffer, rangesAt, ranges.length).set(ranges);
    new Uint32Array(buffer, allowedAt, allowed.length).set(allowed);
    const { mask, random, select } = plan;
    const tables = [rangesAt, ranges.length / 2, allowedAt, allowed.length, waitingAt] as const;
    this.exports.configure(mask, random, select, size, maskId, ...tables);
    this.#owner = owner;
  }

  columns(length: number): Columns {
    let columns = this.#columns[length];
    if (columns === undefined) {
      const { buffer } = this.#memory;
      columns = {
        ids16: new Uint16Array(buffer, idsAt, length),
        ids32: new Uint32Array(buffer, idsAt, length),
        inputIds: new Int32Array(buffer, inputIdsAt, length),
        labels: new Int32Array(buffer, labelsAt, length),
      };
      this.#columns[length] = columns;
    }
    return columns;
  }
}

let ofThread: Kernel | undefined | null = null;

/** The kernel of this thread; undefined where there is no WebAssembly SIMD, or a policy forbids it. */
function kernelOfThread(): Kernel | undefined {
  if (ofThread === null) {
    try {
      ofThread = new Kernel(Uint8Array.from(atob(tokenMaskingWasm), (byte) => byte.charCodeAt(0)));
    } catch {
      ofThread = undefined;
    }
  }
  return ofThread;
}

/** The special ids as ranges: first id, and how many more. */
function specialRanges({ special }: VocabTables): Uint32Array {
  const ranges: number[] = [];
  for (let id = 0; id < special.length; id++) {
    if (special[id] === 0) continue;
    if (id > 0 && special[id - 1] === 1) ranges[ranges.length - 1]!++;
    else ranges.push(id, 0);
  }
  return Uint32Array.from(ranges);
}

/**
 * The token strategy in WebAssembly SIMD: the same bytes as `reference`, which it calls for what it does
 * not do itself: plain arrays, very long samples, and ids to refuse. Undefined where this machine, this
 * vocabulary or a plan that never masks has to do without it.
 */
export function tokenKernel(
  plan: TokenStrategyPlan,
  vocab: VocabTables,
  reference: Strategy['mask'],
): Strategy['mask'] | undefined {
  if (plan.mask === 0) return undefined;
  const kernel = kernelOfThread();
  const ranges = specialRanges(vocab);
  if (kernel === undefined || vocab.size > largestVocab || ranges.length > mostRanges * 2) {
    return undefined;
  }
  const owner = {};
  return (input, draws, _vocab, out) => {
    const { ids } = input;
    const { length } = ids;
    const known =
      ids instanceof Uint16Array || ids instanceof Uint32Array || ids instanceof Int32Array;
    if (!known || length > longestSample) return reference(input, draws, vocab, out);
    kernel.own(owner, plan, vocab, ranges);
    const columns = kernel.columns(length);
    // Of narrow ids, the mask id and the special ones are narrow too.
    const narrow = ids instanceof Uint16Array && vocab.size <= 65536;
    if (narrow) columns.ids16.set(ids);
    else columns.ids32.set(ids);
    const { key, epoch, sampleLow, sampleHigh } = draws;
    const selected = kernel.exports.mask(
      idsAt,
      narrow ? 2 : 4,
      length,
      inputIdsAt,
      labelsAt,
      key[0],
      key[1],
      epoch,
      sampleLow,
      sampleHigh,
    );
    if (selected === -1) return reference(input, draws, vocab, out);
    out.inputIds.set(columns.inputIds);
    out.labels.set(columns.labels);
    return selected;
  };
}
