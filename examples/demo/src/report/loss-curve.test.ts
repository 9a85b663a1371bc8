import { describe, expect, test } from 'vitest';
import { lossCurve } from './loss-curve.ts';

/** Losses that fall from 9 to `last` within the first `fall` of `steps` steps. */
function falling(steps: number, fall: number, last: number): number[] {
  return Array.from({ length: steps }, (_, step) => 9 + (last - 9) * Math.min(1, step / fall));
}

function curve(losses: number[]): string {
  const evaluations = [{ step: losses.length, loss: losses.at(-1)! }];
  return lossCurve({ losses, evaluations, lnVocab: Math.log(8192), vocab: 8192, entropy: 6.25 });
}

/** Where the name of the unigram entropy stands: at which end, and whether above its line. */
function nameOfEntropy(svg: string): string {
  const [, lineY] = /y1="([\d.]+)" y2="\1"\/>\n<text[^>]*>unigram/.exec(svg)!;
  const [, y, side] = /y="([\d.]+)" text-anchor="(\w+)">unigram/.exec(svg)!;
  return `${side} ${Number(y) < Number(lineY) ? 'above' : 'below'}`;
}

describe('lossCurve()', () => {
  test('names the lines where the curve does not cover them', () => {
    expect(nameOfEntropy(curve(falling(200, 180, 6.4)))).toBe('start above');
    expect(nameOfEntropy(curve(falling(3000, 100, 6.5)))).toBe('end below');
    expect(nameOfEntropy(curve(falling(3000, 1500, 5)))).toBe('end above');
  });

  test('draws a path of as many points as there are steps', () => {
    const [, path] = /class="steps" d="([^"]+)"/.exec(curve(falling(57, 40, 7)))!;
    expect(path!.match(/[ML]/g)).toHaveLength(57);
  });

  test('stays small for long runs', () => {
    expect(curve(falling(100_000, 500, 5)).length).toBeLessThan(100_000);
  });
});
