/**
 * @file Lengths of samples as corpora have them, from fixed draws. Lengths of lines and of documents are close to
 * lognormal (Sichel 1974 for sentences; Mitzenmacher 2004 for the sizes of texts): the parameters here are fitted to
 * WordPiece tokens of English, with two special tokens, and cut at the length that samples are made for.
 */
import { createDraws } from '@maskloom/core';

/** Tokens of lines: median 24, as sentences have. */
export function lineLengths(samples: number, longest: number): Uint32Array {
  return lognormal(samples, longest, Math.log(24), 0.6);
}

/** Tokens of documents: median 420, with a heavy tail; what is beyond `longest` goes into samples of its own. */
export function documentLengths(samples: number, longest: number): Uint32Array {
  const lengths: number[] = [];
  for (let document = 0; lengths.length < samples; document++) {
    let tokens = draw(document, Math.log(420), 1.1);
    for (; tokens > longest && lengths.length < samples; tokens -= longest) lengths.push(longest);
    if (lengths.length < samples) lengths.push(Math.max(3, tokens));
  }
  return Uint32Array.from(lengths);
}

function lognormal(samples: number, longest: number, mean: number, deviation: number): Uint32Array {
  return Uint32Array.from({ length: samples }, (_, sample) =>
    Math.min(longest, Math.max(3, draw(sample, mean, deviation))),
  );
}

const draws = createDraws(2024n);

/** Box and Muller's normal deviate, as a length. */
function draw(sample: number, mean: number, deviation: number): number {
  draws.at(0, sample);
  const radius = Math.sqrt(-2 * Math.log((draws.word(200, 0) + 1) / 2 ** 32));
  const normal = radius * Math.cos((2 * Math.PI * draws.word(200, 1)) / 2 ** 32);
  return 2 + Math.round(Math.exp(mean + deviation * normal));
}
