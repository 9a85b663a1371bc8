import type { ModelConfig } from './config.ts';
import { bertEncoder } from './encoders/bert.ts';
import { maskedTokensHead } from './heads/masked-tokens.ts';
import { maskedModel } from './masked-model.ts';
import type { Model } from './model.ts';

/** ELECTRA's generator by itself, by the names of Hugging Face's ElectraForMaskedLM. */
export function electraGenerator(config: ModelConfig): Model {
  return maskedModel(config, {
    encoder: bertEncoder(config, { root: 'electra', norm: 'post' }),
    maskedTokens: maskedTokensHead(config, {
      token: 'electra.embeddings.word_embeddings',
      dense: 'generator_predictions.dense',
      norm: 'generator_predictions.LayerNorm',
      bias: 'generator_lm_head.bias',
    }),
  });
}
