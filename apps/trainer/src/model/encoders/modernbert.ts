/**
 * @file ModernBERT's encoder (Warner et al. 2024, arXiv:2412.13663): normalisation before each part, rotary places, gated
 * feed-forward parts (GeGLU), no biases; every layer attends to the whole sample. Names are those of Hugging Face's
 * ModernBertModel.
 */
import { numpy as np } from '@jax-js/jax';
import { attend, attentionBias, splitHeads } from '../attention.ts';
import type { EncoderConfig } from '../config.ts';
import type { Dropout, DropoutSite } from '../dropout.ts';
import { gelu, linear, normalise } from '../layers.ts';
import { linearSpecs, normSpecs, type ParameterSpec, tableSpec } from '../parameters.ts';
import type { Tensor } from '../tensor.ts';
import type { Weights } from '../weights.ts';
import type { Encoder } from './encoder.ts';
import { type Rotation, rotate, rotationOf } from './rotary.ts';

const epsilon = 1e-5;
const bare = { bias: false };

export function modernbertEncoder(config: EncoderConfig): Encoder {
  const { vocab, layers, hidden, heads, intermediate } = config;
  const names = Array.from({ length: layers }, (_, index) => `model.layers.${index}`);
  return {
    tables: { token: tableSpec('model.embeddings.tok_embeddings', vocab, hidden) },
    specs: [
      ...normSpecs('model.embeddings.norm', hidden, bare),
      ...names.flatMap((name, index) => layerSpecs(config, name, index)),
      ...normSpecs('model.final_norm', hidden, bare),
    ],
    sites: [
      { per: 'token', values: hidden },
      ...names.flatMap((): DropoutSite[] => [
        { per: 'pair', values: heads },
        { per: 'token', values: hidden },
        { per: 'token', values: intermediate },
      ]),
    ],
    encode(weights, embedded, { segments, places }, dropout) {
      const bias = attentionBias(segments, config.precision);
      const rotation = rotationOf(places, hidden / heads, config.precision);
      let states = dropout.apply(normalise(embedded, weights, 'model.embeddings.norm', epsilon));
      for (const name of names) {
        states = encodeLayer(config, weights, name, states, { bias, rotation }, dropout);
      }
      bias.dispose();
      rotation.cosine.dispose();
      rotation.sine.dispose();
      return normalise(states, weights, 'model.final_norm', epsilon);
    },
  };
}

function layerSpecs(
  { hidden, intermediate }: EncoderConfig,
  name: string,
  index: number,
): ParameterSpec[] {
  return [
    // The embeddings have just been normalised when the first layer reads them.
    ...(index === 0 ? [] : normSpecs(`${name}.attn_norm`, hidden, bare)),
    ...linearSpecs(`${name}.attn.Wqkv`, hidden, 3 * hidden, bare),
    ...linearSpecs(`${name}.attn.Wo`, hidden, hidden, bare),
    ...normSpecs(`${name}.mlp_norm`, hidden, bare),
    ...linearSpecs(`${name}.mlp.Wi`, hidden, 2 * intermediate, bare),
    ...linearSpecs(`${name}.mlp.Wo`, intermediate, hidden, bare),
  ];
}

function encodeLayer(
  { heads }: EncoderConfig,
  weights: Weights,
  name: string,
  states: Tensor,
  { bias, rotation }: { readonly bias: Tensor; readonly rotation: Rotation },
  dropout: Dropout,
): Tensor {
  const norm = `${name}.attn_norm`;
  const read = weights.has(`${norm}.weight`)
    ? normalise(states.ref, weights, norm, epsilon)
    : states.ref;
  const [query, key, value] = np
    .split(linear(read, weights, `${name}.attn.Wqkv`), 3, -1)
    .map((part) => splitHeads(part, heads)) as [Tensor, Tensor, Tensor];
  const mixed = attend(rotate(query, rotation), rotate(key, rotation), value, bias.ref, dropout);
  const attended = states.add(dropout.apply(linear(mixed, weights, `${name}.attn.Wo`)));
  const normed = normalise(attended.ref, weights, `${name}.mlp_norm`, epsilon);
  const [input, gate] = np.split(linear(normed, weights, `${name}.mlp.Wi`), 2, -1) as [
    Tensor,
    Tensor,
  ];
  const gated = dropout.apply(gelu(input).mul(gate));
  return attended.add(linear(gated, weights, `${name}.mlp.Wo`));
}
