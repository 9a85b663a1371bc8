import { numpy as np } from '@jax-js/jax';
import type { Tensor } from './tensor.ts';

/** Numbers as tensors without dimensions: what a compiled step takes them as. */
export function scalars(values: Readonly<Record<string, number>>): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, scalar(value)]));
}

/** A number as a tensor without dimensions. */
export function scalar(value: number): Tensor {
  return np.array(Float32Array.of(value)).reshape([]);
}

/** The numbers of tensors without dimensions. Consumes them. */
export async function numbersOf(
  tensors: Readonly<Record<string, Tensor>>,
): Promise<Record<string, number>> {
  const numbers: Record<string, number> = {};
  for (const [name, tensor] of Object.entries(tensors)) numbers[name] = (await tensor.data())[0]!;
  return numbers;
}
