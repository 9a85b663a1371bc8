import type { Direction } from './optimizer.ts';

/** AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101). */
export const adamW: Direction = (value, adam, { weightDecay }) => {
  if (value.ndim > 1) return adam.add(value.mul(weightDecay));
  value.dispose();
  return adam;
};
