/** @file Rotary places (Su et al. 2021, arXiv:2104.09864): pairs of values are turned by angles that grow with the place. */
import { numpy as np } from '@jax-js/jax';
import type { Precision } from '../precision.ts';
import type { Tensor } from '../tensor.ts';

/** Float [rows, 1, width, size] each. */
export interface Rotation {
  readonly cosine: Tensor;
  readonly sine: Tensor;
}

/** Base of the angles, as ModernBERT's layers that attend to all tokens have it. */
const base = 160_000;

/** @param places Int32 [rows, width] */
export function rotationOf(places: Tensor, size: number, precision: Precision): Rotation {
  const [rows, width] = places.shape as [number, number];
  const half = size / 2;
  const frequencies = Float32Array.from(
    { length: size },
    (_, index) => base ** -((index % half) / half),
  );
  const angles = places
    .astype(np.float32)
    .reshape([rows, 1, width, 1])
    .mul(np.array(frequencies, { shape: [1, 1, 1, size] }));
  const dtype = precision === 'float16' ? np.float16 : np.float32;
  return { cosine: np.cos(angles.ref).astype(dtype), sine: np.sin(angles).astype(dtype) };
}

/** Turns value i and value i + size/2 of each head. Borrows the rotation. */
export function rotate(x: Tensor, { cosine, sine }: Rotation): Tensor {
  const [first, second] = np.split(x.ref, 2, -1) as [Tensor, Tensor];
  const turned = np.concatenate([second.mul(-1), first], -1);
  return x.mul(cosine.ref).add(turned.mul(sine.ref));
}
