// Lengths of samples as corpora have them, from fixed draws. Lengths of sentences and of texts are close to
// lognormal (Williams, Biometrika 31, 1940; Mitzenmacher, Internet Mathematics 1, 2004).
import { createDraws } from '@maskloom/core';

const draws = createDraws(2024n);

/** Box and Muller's normal deviate, as the length of a sample with two special tokens. */
function draw(sample, median, deviation) {
  draws.at(0, sample);
  const radius = Math.sqrt(-2 * Math.log((draws.word(200, 0) + 1) / 2 ** 32));
  const normal = radius * Math.cos((2 * Math.PI * draws.word(200, 1)) / 2 ** 32);
  return 2 + Math.round(median * Math.exp(deviation * normal));
}

/** Documents; what is beyond `longest` goes to samples of its own, as an encode job would cut it. */
function documents(samples, longest, median, deviation) {
  const lengths = new Uint32Array(samples);
  let end = 0;
  for (let document = 0; end < samples; document++) {
    let tokens = draw(document, median, deviation);
    for (; tokens > longest && end < samples; tokens -= longest) lengths[end++] = longest;
    if (end < samples) lengths[end++] = Math.max(3, tokens);
  }
  return lengths;
}

export function lineLengths(samples, longest) {
  return Uint32Array.from({ length: samples }, (_, sample) =>
    Math.min(longest, Math.max(3, draw(sample, 27.1, 0.69))),
  );
}

export function documentLengths(samples, longest) {
  return documents(samples, longest, 420, 1.1);
}

export function speechLengths(samples, longest) {
  return documents(samples, longest, 7508, 0.65);
}
