/** Widths and depths of an encoder. */
export interface Size {
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
}

/** Names of {@linkcode sizes}. */
export type SizeName = 'tiny' | 'mini' | 'small' | 'medium' | 'base';

/** Sizes as Google's BERT miniatures have them (Turc et al. 2019, arXiv:1908.08962). */
export const sizes: Readonly<Record<SizeName, Size>> = {
  tiny: { layers: 2, hidden: 128, heads: 2 },
  mini: { layers: 4, hidden: 256, heads: 4 },
  small: { layers: 4, hidden: 512, heads: 8 },
  medium: { layers: 8, hidden: 512, heads: 8 },
  base: { layers: 12, hidden: 768, heads: 12 },
};
