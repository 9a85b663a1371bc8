/** @file jax-js' transformation as models use it, with its types. */
import { vjp } from '@jax-js/jax';
import type { Parameters } from './parameters.ts';
import type { Tensor } from './tensor.ts';

/**
 * What `f` gives, and how a gradient by that becomes one by the values and rows it was given, once. Consumes the values and rows.
 */
export function withPullBack<Result extends Tensor | Record<string, Tensor>>(
  f: (values: Parameters, rows: Tensor) => Result,
  values: Parameters,
  rows: Tensor,
): [result: Result, pullBack: (gradient: Result) => [Parameters, Tensor]] {
  const [result, pullBack] = vjp(f, [values, rows]);
  return [
    result,
    (gradient) => {
      const gradients = pullBack(gradient as never) as unknown as [Parameters, Tensor];
      pullBack.dispose();
      return gradients;
    },
  ];
}
