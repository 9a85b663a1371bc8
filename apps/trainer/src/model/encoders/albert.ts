/**
 * @file ALBERT's encoder (Lan et al. 2019, arXiv:1909.11942): one layer's parameters serve all layers, and the token table
 * is narrower than the states. Names are those of Hugging Face's AlbertModel.
 */
import { attend, attentionBias, splitHeads } from '../attention.ts';
import type { EncoderConfig } from '../config.ts';
import type { Dropout, DropoutSite } from '../dropout.ts';
import { gelu, linear, normalise } from '../layers.ts';
import { linearSpecs, normSpecs, tableSpec } from '../parameters.ts';
import type { Tensor } from '../tensor.ts';
import type { Weights } from '../weights.ts';
import type { Encoder } from './encoder.ts';

const layer = 'albert.encoder.albert_layer_groups.0.albert_layers.0';
const project = 'albert.encoder.embedding_hidden_mapping_in';
const embeddingNorm = 'albert.embeddings.LayerNorm';

export function albertEncoder(config: EncoderConfig): Encoder {
  const { vocab, layers, hidden, heads, intermediate, embedding, length } = config;
  return {
    tables: {
      token: tableSpec('albert.embeddings.word_embeddings', vocab, embedding),
      place: tableSpec('albert.embeddings.position_embeddings', length, embedding),
      sentence: tableSpec('albert.embeddings.token_type_embeddings', 2, embedding),
    },
    specs: [
      ...normSpecs(embeddingNorm, embedding),
      ...linearSpecs(project, embedding, hidden),
      ...linearSpecs(`${layer}.attention.query`, hidden, hidden),
      ...linearSpecs(`${layer}.attention.key`, hidden, hidden),
      ...linearSpecs(`${layer}.attention.value`, hidden, hidden),
      ...linearSpecs(`${layer}.attention.dense`, hidden, hidden),
      ...normSpecs(`${layer}.attention.LayerNorm`, hidden),
      ...linearSpecs(`${layer}.ffn`, hidden, intermediate),
      ...linearSpecs(`${layer}.ffn_output`, intermediate, hidden),
      ...normSpecs(`${layer}.full_layer_layer_norm`, hidden),
    ],
    sites: [
      { per: 'token', values: embedding },
      ...Array.from({ length: layers }, (): DropoutSite[] => [
        { per: 'pair', values: heads },
        { per: 'token', values: hidden },
      ]).flat(),
    ],
    encode(weights, embedded, { segments, places }, dropout) {
      places.dispose();
      const bias = attentionBias(segments, config.precision);
      const normed = dropout.apply(normalise(embedded, weights, embeddingNorm));
      let states = linear(normed, weights, project);
      for (let index = 0; index < layers; index++) {
        states = encodeLayer(config, weights, states, bias.ref, dropout);
      }
      bias.dispose();
      return states;
    },
  };
}

function encodeLayer(
  { heads }: EncoderConfig,
  weights: Weights,
  states: Tensor,
  bias: Tensor,
  dropout: Dropout,
): Tensor {
  const part = (which: string): Tensor =>
    splitHeads(linear(states.ref, weights, `${layer}.attention.${which}`), heads);
  const mixed = attend(part('query'), part('key'), part('value'), bias, dropout);
  const joined = dropout.apply(linear(mixed, weights, `${layer}.attention.dense`));
  const attended = normalise(states.add(joined), weights, `${layer}.attention.LayerNorm`);
  const up = gelu(linear(attended.ref, weights, `${layer}.ffn`));
  const fed = linear(up, weights, `${layer}.ffn_output`);
  return normalise(attended.add(fed), weights, `${layer}.full_layer_layer_norm`);
}
