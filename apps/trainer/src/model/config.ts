import { ArgumentError } from '@maskloom/core';

/** The sizes of a model. */
export interface ModelConfig {
  /** Ids of the vocabulary. */
  readonly vocab: number;
  /** Tokens of a row, padding included. */
  readonly length: number;
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
}

/** Checks that the sizes fit each other. */
export function checkConfig(config: ModelConfig): ModelConfig {
  for (const [name, value] of Object.entries(config)) {
    if (!Number.isInteger(value) || value < 1) {
      throw new ArgumentError(name, 'an integer from 1', value);
    }
  }
  if (config.hidden % config.heads !== 0) {
    throw new ArgumentError('hidden', `a multiple of the ${config.heads} heads`, config.hidden);
  }
  return config;
}
