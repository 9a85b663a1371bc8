import { numpy as np, tree } from '@jax-js/jax';
import { LongDraws } from './long-draws.ts';
import type { Tensor } from './tensor.ts';

/** All that is trained, by the names of Hugging Face's state dict for the model. */
export type Parameters = Record<string, Tensor>;

/** A tensor to be trained. */
export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly initial: Initial;
}

/** Where a tensor starts: at one value, or normally distributed around 0. */
export type Initial =
  | { readonly type: 'constant'; readonly value: number }
  | { readonly type: 'normal'; readonly deviation: number };

const zeros: Initial = { type: 'constant', value: 0 };
const ones: Initial = { type: 'constant', value: 1 };

/** `x * weightᵀ + bias`: weight [to, from], bias [to]. */
export function linearSpecs(
  name: string,
  from: number,
  to: number,
  { bias = true } = {},
): ParameterSpec[] {
  // BERT's own 0.02 suits a width of 768; a narrow encoder stays blind to its context with it for thousands of steps.
  const initial: Initial = { type: 'normal', deviation: 1 / Math.sqrt(from) };
  const weight = { name: `${name}.weight`, shape: [to, from], initial };
  return bias ? [weight, { name: `${name}.bias`, shape: [to], initial: zeros }] : [weight];
}

/** Layer normalisation of `size` values. */
export function normSpecs(name: string, size: number, { bias = true } = {}): ParameterSpec[] {
  const weight = { name: `${name}.weight`, shape: [size], initial: ones };
  return bias ? [weight, { name: `${name}.bias`, shape: [size], initial: zeros }] : [weight];
}

/** A table that is looked up: [rows, size]. */
export function tableSpec(name: string, rows: number, size: number): ParameterSpec {
  const initial: Initial = { type: 'normal', deviation: 0.02 };
  return { name: `${name}.weight`, shape: [rows, size], initial };
}

/** A bias by itself. */
export function biasSpec(name: string, size: number): ParameterSpec {
  return { name, shape: [size], initial: zeros };
}

/** Philox op of the initial values; 128 to 255 are the trainer's (docs/spec.md, section 2). */
const initialisation = 128;

/** Initial values: a pure function of the specs and the seed. Each tensor draws at an epoch of its own, its index. */
export function initialParameters(specs: readonly ParameterSpec[], seed: bigint): Parameters {
  return Object.fromEntries(
    specs.map(({ name, shape, initial }, index) => {
      const size = sizeOf(shape);
      const values =
        initial.type === 'constant'
          ? new Float32Array(size).fill(initial.value)
          : normalValues(seed, index, { from: 0, to: size }, initial.deviation);
      return [name, np.array(values, { shape: [...shape] })];
    }),
  );
}

/** Some of the values of a tensor. */
export interface ValueRange {
  /** Even: values are drawn in pairs. */
  readonly from: number;
  readonly to: number;
}

/** Normally distributed values of the tensor of a number, by Box and Muller: two words a pair. */
export function normalValues(
  seed: bigint,
  tensor: number,
  { from, to }: ValueRange,
  deviation: number,
): Float32Array<ArrayBuffer> {
  const draws = new LongDraws(seed, initialisation).at(tensor, 0);
  const values = new Float32Array(to - from);
  for (let at = 0; at < values.length; at += 2) {
    const radius = Math.sqrt(-2 * Math.log((draws.word(from + at) + 1) / 2 ** 32));
    const angle = (2 * Math.PI * draws.word(from + at + 1)) / 2 ** 32;
    values[at] = deviation * radius * Math.cos(angle);
    if (at + 1 < values.length) values[at + 1] = deviation * radius * Math.sin(angle);
  }
  return values;
}

/** Number of values of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}

/** Some of the parameters, by name. */
export function pick(parameters: Parameters, names: Iterable<string>): Parameters {
  return Object.fromEntries([...names].map((name) => [name, parameters[name]!]));
}

/** Zeros of the parameters' names and shapes. Borrows them. */
export function zerosLike(parameters: Parameters): Parameters {
  return tree.map((tensor: Tensor) => np.zeros(tensor.shape), parameters) as Parameters;
}
