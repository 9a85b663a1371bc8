import { numpy as np } from '@jax-js/jax';
import type { Counts } from '../model/model.ts';
import type { Parameters } from '../model/parameters.ts';
import type { Peers } from './peers.ts';
import { Exchange, type SharedMemory } from './shared-memory.ts';

/** A rank's peers in the threads of this process, and how to tell them that it has failed. */
export function sharedPeers(memory: SharedMemory, rank: number): Peers & { fail(): void } {
  const exchange = new Exchange(memory, rank);

  async function gatherNumbers(numbers: readonly number[]): Promise<Float64Array[]> {
    const gathered = await exchange.gather(new Uint8Array(Float64Array.from(numbers).buffer));
    return gathered.map(({ buffer }) => new Float64Array(buffer as ArrayBuffer));
  }

  return {
    rank,
    world: memory.world,
    fail: () => exchange.fail(),
    gather: (bytes) => exchange.gather(bytes),
    async sumCounts({ masked, rows, tokens }) {
      const all = await gatherNumbers([masked, rows, tokens]);
      const sum = (index: number, of = all): number =>
        of.reduce((total, counts) => total + counts[index]!, 0);
      const counts: Counts = { masked: sum(0), rows: sum(1), tokens: sum(2) };
      return { counts, rowsBefore: sum(1, all.slice(0, rank)) };
    },
    async sumGradients(gradients, losses) {
      const names = Object.keys(gradients).sort();
      const sums = await exchange.sum((own) => copyTo(own, gradients, names));
      const kinds = Object.keys(losses).sort();
      const all = await gatherNumbers(kinds.map((kind) => losses[kind]!));
      const total = (index: number): number => all.reduce((sum, one) => sum + one[index]!, 0);
      return {
        gradients: cut(sums, gradients, names),
        losses: Object.fromEntries(kinds.map((kind, index) => [kind, total(index)])),
      };
    },
  };
}

/** Lays tensors one after the other. Consumes them; their shapes stay readable. */
async function copyTo(
  target: Float32Array,
  tensors: Parameters,
  names: readonly string[],
): Promise<void> {
  let at = 0;
  for (const name of names) {
    const values = (await tensors[name]!.data()) as Float32Array;
    target.set(values, at);
    at += values.length;
  }
}

/** The opposite: tensors of the shapes that `like` has. */
function cut(
  values: Float32Array<ArrayBuffer>,
  like: Parameters,
  names: readonly string[],
): Parameters {
  const tensors: Parameters = {};
  let at = 0;
  for (const name of names) {
    const { shape, size } = like[name]!;
    tensors[name] = np.array(values.slice(at, at + size), { shape: [...shape] });
    at += size;
  }
  return tensors;
}
