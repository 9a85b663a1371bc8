import { ArgumentError } from '@maskloom/core';
import type { Precision } from './precision.ts';

/** What a model is built like. */
export type Architecture = 'bert' | 'albert' | 'electra' | 'modernbert';

/** The sizes of an encoder. */
export interface EncoderConfig {
  /** Ids of the vocabulary. */
  readonly vocab: number;
  /** Longest row, in tokens. */
  readonly length: number;
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  /** Width between the two products of a layer's feed-forward part. */
  readonly intermediate: number;
  /** Width of the token table; `hidden` unless the architecture factorises it. */
  readonly embedding: number;
  /** What the encoder computes in. */
  readonly precision: Precision;
  /** Share of values that dropout sets to 0, from 0 to below 1. */
  readonly dropout: number;
}

/** The sizes of a model. */
export interface ModelConfig extends EncoderConfig {
  readonly architecture: Architecture;
  /** Where a BERT's layers normalise: what they add up, or what they read (Xiong et al. 2020, arXiv:2002.04745). */
  readonly norm: 'post' | 'pre';
  /** Whether there is a head that tells swapped segments (ALBERT's sentence order). */
  readonly sentenceOrder: boolean;
  /** ELECTRA's generator: its width as a share of the discriminator's. */
  readonly generatorSize: number;
  /** ELECTRA: weight of the discriminator's loss beside the generator's. */
  readonly discriminatorWeight: number;
}

/**
 * Fills in what follows from the sizes given: a feed-forward part four times as wide, no factorised table, no
 * dropout, and ELECTRA's settings as published.
 *
 * @throws {ArgumentError} if the sizes do not fit each other.
 */
export function modelConfig(
  given: Pick<ModelConfig, 'vocab' | 'length' | 'layers' | 'hidden' | 'heads'> &
    Partial<ModelConfig>,
): ModelConfig {
  const { vocab, length, layers, hidden, heads } = given;
  const config: ModelConfig = {
    ...{ vocab, length, layers, hidden, heads },
    architecture: given.architecture ?? 'bert',
    intermediate: given.intermediate ?? 4 * hidden,
    embedding: given.embedding ?? hidden,
    norm: given.norm ?? 'post',
    dropout: given.dropout ?? 0,
    precision: given.precision ?? 'float32',
    sentenceOrder: given.sentenceOrder ?? false,
    generatorSize: given.generatorSize ?? 0.25,
    discriminatorWeight: given.discriminatorWeight ?? 50,
  };
  for (const name of ['vocab', 'length', 'layers', 'hidden', 'heads', 'intermediate'] as const) {
    checkCount(name, config[name]);
  }
  checkCount('embedding', config.embedding);
  const { architecture, embedding, dropout, norm, generatorSize } = config;
  if (hidden % heads !== 0) {
    throw new ArgumentError('hidden', `a multiple of the ${heads} heads`, hidden);
  }
  if (architecture === 'modernbert' && (hidden / heads) % 2 !== 0) {
    const expected = 'an even width for each head, whose halves rotary positions turn';
    throw new ArgumentError('hidden / heads', expected, hidden / heads);
  }
  const factorised = architecture === 'albert' || architecture === 'electra';
  if (!factorised && embedding !== hidden) {
    throw new ArgumentError('embedding', `the width ${hidden} for ${architecture}`, embedding);
  }
  if (norm === 'pre' && architecture !== 'bert') {
    throw new ArgumentError('norm', `"post" for ${architecture}`, norm);
  }
  if (!(dropout >= 0 && dropout < 1)) {
    throw new ArgumentError('dropout', 'a share from 0 to below 1', dropout);
  }
  if (!(generatorSize > 0 && generatorSize <= 1)) {
    throw new ArgumentError('generatorSize', 'a share above 0, at most 1', generatorSize);
  }
  return config;
}

function checkCount(name: string, value: number): void {
  if (Number.isInteger(value) && value >= 1) return;
  throw new ArgumentError(name, 'an integer from 1', value);
}
