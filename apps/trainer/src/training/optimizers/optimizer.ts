import { numpy as np, tree } from '@jax-js/jax';
import { type Parameters, zerosLike } from '../../model/parameters.ts';
import { scalar } from '../../model/scalars.ts';
import type { Tensor } from '../../model/tensor.ts';

/** Settings that AdamW and LAMB have in common. */
export interface OptimizerOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Decoupled weight decay; biases and norms, the tensors of one dimension, have none. */
  readonly weightDecay: number;
}

/** Moving averages of the gradients and of their squares. */
export type Moments = { first: Parameters; second: Parameters };

/** What an update needs of its step, as tensors: its learning rate, the bias corrections, and what gradients are multiplied by. */
export type StepScale = { rate: Tensor; correction1: Tensor; correction2: Tensor; clip: Tensor };

/** Says in which direction a tensor moves; it is multiplied by the learning rate. Consumes its arguments. */
export type Direction = (value: Tensor, adam: Tensor, options: OptimizerOptions) => Tensor;

/** Moments of zero. */
export function initialMoments(parameters: Parameters): Moments {
  return { first: zerosLike(parameters), second: zerosLike(parameters) };
}

/** The scale of step `step`, from 0. */
export function stepScale(
  step: number,
  rate: number,
  options: OptimizerOptions,
  clip = 1,
): StepScale {
  return {
    rate: scalar(rate),
    clip: scalar(clip),
    correction1: scalar(1 - options.beta1 ** (step + 1)),
    correction2: scalar(1 - options.beta2 ** (step + 1)),
  };
}

/** One update of all parameters. Consumes its arguments. */
export function update(
  parameters: Parameters,
  gradients: Parameters,
  moments: Moments,
  { rate, correction1, correction2, clip }: StepScale,
  options: OptimizerOptions,
  direction: Direction,
): { parameters: Parameters; moments: Moments } {
  const { beta1, beta2, epsilon } = options;
  const next: { parameters: Parameters; moments: Moments } = {
    parameters: {},
    moments: { first: {}, second: {} },
  };
  for (const [name, value] of Object.entries(parameters)) {
    const gradient = gradients[name]!.mul(clip.ref);
    const first = moments.first[name]!.mul(beta1).add(gradient.ref.mul(1 - beta1));
    const squares = gradient.ref.mul(gradient).mul(1 - beta2);
    const second = moments.second[name]!.mul(beta2).add(squares);
    const adam = first.ref
      .div(correction1.ref)
      .div(np.sqrt(second.ref.div(correction2.ref)).add(epsilon));
    const step = direction(value.ref, adam, options).mul(rate.ref);
    next.parameters[name] = value.sub(step);
    next.moments.first[name] = first;
    next.moments.second[name] = second;
  }
  tree.dispose([rate, correction1, correction2, clip]);
  return next;
}
