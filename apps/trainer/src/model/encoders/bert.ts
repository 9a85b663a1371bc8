/**
 * @file BERT's encoder (Devlin et al. 2019, arXiv:1810.04805), which normalises after each part; and the one that
 * normalises before, as Megatron's BERT does (Shoeybi et al. 2019, arXiv:1909.08053). ELECTRA's is BERT's with a narrower
 * token table. Names are those of Hugging Face's BertModel, MegatronBertModel and ElectraModel.
 */
import { attend, attentionBias, splitHeads } from '../attention.ts';
import type { EncoderConfig } from '../config.ts';
import type { Dropout, DropoutSite } from '../dropout.ts';
import { gelu, linear, normalise } from '../layers.ts';
import { linearSpecs, normSpecs, type ParameterSpec, tableSpec } from '../parameters.ts';
import type { Tensor } from '../tensor.ts';
import type { Weights } from '../weights.ts';
import type { Encoder } from './encoder.ts';

/** How a BERT's encoder is named, and where it normalises. */
export interface BertOptions {
  /** Where names begin: `bert` or `electra`. */
  readonly root: string;
  /** Where those of the embeddings begin: `root`, unless they are another encoder's as well. */
  readonly embeddingsRoot?: string;
  readonly norm: 'post' | 'pre';
}

export function bertEncoder(
  config: EncoderConfig,
  { root, embeddingsRoot = root, norm }: BertOptions,
): Encoder {
  const { vocab, layers, hidden, heads, embedding, length } = config;
  const table = (name: string, rows: number): ParameterSpec =>
    tableSpec(`${embeddingsRoot}.embeddings.${name}`, rows, embedding);
  const layerNames = Array.from({ length: layers }, (_, index) => `${root}.encoder.layer.${index}`);
  const project = `${root}.embeddings_project`;
  const embeddingNorm = `${embeddingsRoot}.embeddings.LayerNorm`;
  return {
    tables: {
      token: table('word_embeddings', vocab),
      place: table('position_embeddings', length),
      sentence: table('token_type_embeddings', 2),
    },
    specs: [
      ...(norm === 'post' ? normSpecs(embeddingNorm, embedding) : []),
      ...(embedding === hidden ? [] : linearSpecs(project, embedding, hidden)),
      ...layerNames.flatMap((name) => layerSpecs(config, name, norm)),
      ...(norm === 'pre' ? normSpecs(`${root}.encoder.ln`, hidden) : []),
    ],
    sites: [
      { per: 'token', values: embedding },
      ...layerNames.flatMap((): DropoutSite[] => [
        { per: 'pair', values: heads },
        { per: 'token', values: hidden },
        { per: 'token', values: hidden },
      ]),
    ],
    encode(weights, embedded, { segments, places }, dropout) {
      places.dispose();
      const bias = attentionBias(segments, config.precision);
      const normed = norm === 'post' ? normalise(embedded, weights, embeddingNorm) : embedded;
      const dropped = dropout.apply(normed);
      let states = embedding === hidden ? dropped : linear(dropped, weights, project);
      const layer = norm === 'post' ? postNormLayer : preNormLayer;
      for (const name of layerNames) {
        states = layer(config, weights, name, states, bias.ref, dropout);
      }
      bias.dispose();
      return norm === 'post' ? states : normalise(states, weights, `${root}.encoder.ln`);
    },
  };
}

function layerSpecs(
  { hidden, intermediate }: EncoderConfig,
  name: string,
  norm: 'post' | 'pre',
): ParameterSpec[] {
  const names = norm === 'post' ? postNormNames(name) : preNormNames(name);
  return [
    ...normSpecs(names.attentionNorm, hidden),
    ...linearSpecs(`${name}.attention.self.query`, hidden, hidden),
    ...linearSpecs(`${name}.attention.self.key`, hidden, hidden),
    ...linearSpecs(`${name}.attention.self.value`, hidden, hidden),
    ...linearSpecs(`${name}.attention.output.dense`, hidden, hidden),
    ...normSpecs(names.outputNorm, hidden),
    ...linearSpecs(`${name}.intermediate.dense`, hidden, intermediate),
    ...linearSpecs(`${name}.output.dense`, intermediate, hidden),
  ];
}

const postNormNames = (name: string) => ({
  attentionNorm: `${name}.attention.output.LayerNorm`,
  outputNorm: `${name}.output.LayerNorm`,
});

const preNormNames = (name: string) => ({
  attentionNorm: `${name}.attention.ln`,
  outputNorm: `${name}.ln`,
});

function postNormLayer(
  config: EncoderConfig,
  weights: Weights,
  name: string,
  states: Tensor,
  bias: Tensor,
  dropout: Dropout,
): Tensor {
  const { attentionNorm, outputNorm } = postNormNames(name);
  const mixed = attention(config, weights, name, states.ref, bias, dropout);
  const attended = normalise(states.add(mixed), weights, attentionNorm);
  const fed = feedForward(weights, name, attended.ref, dropout);
  return normalise(attended.add(fed), weights, outputNorm);
}

function preNormLayer(
  config: EncoderConfig,
  weights: Weights,
  name: string,
  states: Tensor,
  bias: Tensor,
  dropout: Dropout,
): Tensor {
  const { attentionNorm, outputNorm } = preNormNames(name);
  const read = normalise(states.ref, weights, attentionNorm);
  const attended = states.add(attention(config, weights, name, read, bias, dropout));
  const fed = feedForward(weights, name, normalise(attended.ref, weights, outputNorm), dropout);
  return attended.add(fed);
}

function attention(
  { heads }: EncoderConfig,
  weights: Weights,
  name: string,
  x: Tensor,
  bias: Tensor,
  dropout: Dropout,
): Tensor {
  const part = (which: string): Tensor =>
    splitHeads(linear(x.ref, weights, `${name}.attention.self.${which}`), heads);
  const mixed = attend(part('query'), part('key'), part('value'), bias, dropout);
  x.dispose();
  return dropout.apply(linear(mixed, weights, `${name}.attention.output.dense`));
}

function feedForward(weights: Weights, name: string, x: Tensor, dropout: Dropout): Tensor {
  const up = gelu(linear(x, weights, `${name}.intermediate.dense`));
  return dropout.apply(linear(up, weights, `${name}.output.dense`));
}
