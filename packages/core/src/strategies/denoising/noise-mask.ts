import type { Draws } from '../../random/draws.ts';
import * as op from '../../random/ops.ts';
import type { Denoiser, NoiseCount } from './denoiser.ts';

/** Draws of segmentation from here on cut what is shown; those below, what is hidden. */
const shownCuts = 0x200_0000;

/** Which tokens of samples are noise; the arrays are used again from sample to sample. */
export class NoiseMask {
  /** 1 where a token is noise; tokens are counted without special ones. */
  mask: Uint8Array = new Uint8Array(0);
  /** 1 where a segment ends: of the noise, then of the other tokens. */
  #ends = new Uint8Array(0);

  /** Draws which of `tokens` tokens are hidden; returns how many. */
  draw(type: Denoiser['type'], count: NoiseCount, tokens: number, draws: Draws): number {
    const { least, most, spans } = count;
    if (this.mask.length < tokens) {
      this.mask = new Uint8Array(tokens);
      this.#ends = new Uint8Array(tokens);
    }
    this.mask.fill(0, 0, tokens);
    if (spans === 0) return 0;
    if (type === 'suffix') {
      const noise = least + draws.below(op.segmentation, 0, most - least + 1);
      this.mask.fill(1, tokens - noise, tokens);
      return noise;
    }
    this.#segment(0, least, spans, draws, 0);
    this.#segment(least, tokens, spans, draws, shownCuts);
    this.#interleave(least, tokens);
    return least;
  }

  /**
   * Cuts the places from `start` to `end` into `count` segments, every way alike: `count - 1` of the places
   * but the last are drawn to end one (Floyd's sample without replacement), and the last place does.
   */
  #segment(start: number, end: number, count: number, draws: Draws, first: number): void {
    const ends = this.#ends;
    const gaps = end - start - 1;
    ends.fill(0, start, end - 1);
    ends[end - 1] = 1;
    for (let cut = 0; cut < count - 1; cut++) {
      const last = gaps - (count - 1) + cut;
      const drawn = draws.below(op.segmentation, first + cut, last + 1);
      ends[start + (ends[start + drawn] === 1 ? last : drawn)] = 1;
    }
  }

  /** Lays the segments out in turn, beginning with what is shown. */
  #interleave(noise: number, tokens: number): void {
    const { mask } = this;
    const ends = this.#ends;
    let hidden = 0;
    let shown = noise;
    for (let token = 0; token < tokens; ) {
      do token++;
      while (ends[shown++] === 0);
      do mask[token++] = 1;
      while (ends[hidden++] === 0);
    }
  }
}
