/**
 * @file What the model says of tensors. jax-js counts references: an operation consumes its operands, and
 * `.ref` keeps one for later use.
 */
export type { Array as Tensor } from '@jax-js/jax';
