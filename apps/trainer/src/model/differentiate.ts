/** @file jax-js' transformations as models use them, with their types. All consume the values and rows given. */
import { valueAndGrad, vjp } from '@jax-js/jax';
import type { Parameters } from './parameters.ts';
import type { Tensor } from './tensor.ts';

/** What `f` gives, and how a gradient by that becomes one by the values and rows it was given, once. */
export function withPullBack(
  f: (values: Parameters, rows: Tensor) => Tensor,
  values: Parameters,
  rows: Tensor,
): [result: Tensor, pullBack: (gradient: Tensor) => [Parameters, Tensor]] {
  const [result, pullBack] = vjp(f, [values, rows]);
  return [
    result,
    (gradient) => {
      const gradients = pullBack(gradient) as unknown as [Parameters, Tensor];
      pullBack.dispose();
      return gradients;
    },
  ];
}

/** What else `f` found beside its loss, and the loss's gradient by the values and rows it was given. */
export function withGradients<Found extends Record<string, Tensor>>(
  f: (values: Parameters, rows: Tensor) => [loss: Tensor, found: Found],
  values: Parameters,
  rows: Tensor,
): { found: Found; gradients: Parameters; rowGradient: Tensor } {
  const transformed = valueAndGrad(f, { argnums: [0, 1], hasAux: true });
  const [[loss, found], [gradients, rowGradient]] = transformed(values, rows) as unknown as [
    [Tensor, Found],
    [Parameters, Tensor],
  ];
  loss.dispose();
  return { found, gradients, rowGradient };
}
