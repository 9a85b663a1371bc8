import { type JsTreeDef, numpy as np, tree } from '@jax-js/jax';
import type { Parameters } from '../model/parameters.ts';
import type { Tensor } from '../model/tensor.ts';

/** AdamW's settings (Loshchilov & Hutter 2019, arXiv:1711.05101). */
export interface AdamWOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Decoupled weight decay; biases and norms, the tensors of one dimension, have none. */
  readonly decay: number;
}

/** Moving averages of the gradients and of their squares. */
export type Moments = { first: Parameters; second: Parameters };

/** Moments of zero. */
export function initialMoments(parameters: Parameters): Moments {
  const zeros = (): Parameters =>
    tree.map((tensor: Tensor) => np.zeros(tensor.shape), parameters) as Parameters;
  return { first: zeros(), second: zeros() };
}

/** What an update needs of its step: its learning rate and the bias corrections, as tensors. */
export type StepScale = { rate: Tensor; correction1: Tensor; correction2: Tensor };

/** The scale of step `step`, from 0. */
export function stepScale(step: number, rate: number, options: AdamWOptions): StepScale {
  return {
    rate: np.array(Float32Array.of(rate)).reshape([]),
    correction1: np.array(Float32Array.of(1 - options.beta1 ** (step + 1))).reshape([]),
    correction2: np.array(Float32Array.of(1 - options.beta2 ** (step + 1))).reshape([]),
  };
}

/** One update of all parameters. Consumes its arguments. */
export function adamW(
  parameters: Parameters,
  gradients: Parameters,
  moments: Moments,
  { rate, correction1, correction2 }: StepScale,
  options: AdamWOptions,
): { parameters: Parameters; moments: Moments } {
  const { beta1, beta2, epsilon, decay } = options;
  const [values, structure] = tree.flatten(parameters) as [Tensor[], JsTreeDef];
  const grads = tree.leaves(gradients) as Tensor[];
  const firsts = tree.leaves(moments.first) as Tensor[];
  const seconds = tree.leaves(moments.second) as Tensor[];
  const next = values.map((value, index) => {
    const gradient = grads[index]!;
    const first = firsts[index]!.mul(beta1).add(gradient.ref.mul(1 - beta1));
    const second = seconds[index]!.mul(beta2).add(gradient.ref.mul(gradient).mul(1 - beta2));
    const direction = first.ref
      .div(correction1.ref)
      .div(np.sqrt(second.ref.div(correction2.ref)).add(epsilon));
    const decayed = value.ndim > 1 ? direction.add(value.ref.mul(decay)) : direction;
    return { value: value.sub(decayed.mul(rate.ref)), first, second };
  });
  for (const scale of [rate, correction1, correction2]) scale.dispose();
  const build = (leaves: Tensor[]): Parameters =>
    tree.unflatten(structure, leaves) as unknown as Parameters;
  return {
    parameters: build(next.map(({ value }) => value)),
    moments: {
      first: build(next.map(({ first }) => first)),
      second: build(next.map(({ second }) => second)),
    },
  };
}
