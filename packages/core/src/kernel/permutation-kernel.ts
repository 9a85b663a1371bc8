import { instantiate, type KernelModule, newMemory } from './kernel-memory.ts';
import { permutationWasm } from './permutation-wasm.ts';

/** What assembly/permutation.ts exports. */
interface Exports {
  workBytes(): number;
  permute(
    work: number,
    out: number,
    count: number,
    high: number,
    low: number,
    highDigits: number,
    lowDigits: number,
    lastHigh: number,
    lastLow: number,
    seedLow: number,
    seedHigh: number,
    epoch: number,
    firstRound: number,
    window: number,
  ): void;
}

/** A permutation's Feistel network. */
export interface Network {
  readonly size: number;
  /** Binary digits of the halves of a number. */
  readonly highDigits: number;
  readonly lowDigits: number;
  readonly keyLow: number;
  readonly keyHigh: number;
  readonly epoch: number;
  readonly firstRound: number;
  readonly window: number;
}

/** Positions that a call takes at most: assembly/permutation.ts. */
const most = 1024;
const module: KernelModule = { hex: permutationWasm };
let ofThread: { readonly exports: Exports; readonly out: Float64Array } | undefined | null = null;

function kernelOfThread() {
  if (ofThread !== null) return ofThread;
  try {
    const memory = newMemory(65536);
    const exports = instantiate(module, memory) as Exports;
    ofThread = { exports, out: new Float64Array(memory.buffer, 0, most) };
  } catch {
    ofThread = undefined;
  }
  return ofThread;
}

/** Fills `out` with the numbers at the positions from `start` on; false where this machine has no kernel. */
export function permuteRange(network: Network, start: number, out: Float64Array): boolean {
  const kernel = kernelOfThread();
  if (kernel === undefined) return false;
  const { size, highDigits, lowDigits, keyLow, keyHigh, epoch, firstRound, window } = network;
  const lowSize = 2 ** lowDigits;
  const work = kernel.out.byteLength;
  const lastHigh = Math.floor((size - 1) / lowSize);
  const lastLow = size - 1 - lastHigh * lowSize;
  for (let done = 0; done < out.length; done += most) {
    const count = Math.min(most, out.length - done);
    const high = Math.floor((start + done) / lowSize);
    const low = start + done - high * lowSize;
    kernel.exports.permute(
      work,
      0,
      count,
      high,
      low,
      highDigits,
      lowDigits,
      lastHigh,
      lastLow,
      keyLow,
      keyHigh,
      epoch,
      firstRound,
      window,
    );
    if (count === most) out.set(kernel.out, done);
    else for (let index = 0; index < count; index++) out[done + index] = kernel.out[index]!;
  }
  return true;
}
