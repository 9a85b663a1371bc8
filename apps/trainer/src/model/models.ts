import type { ModelConfig } from './config.ts';
import { checkDropout } from './dropout.ts';
import { electraModel } from './electra.ts';
import { albertEncoder } from './encoders/albert.ts';
import { bertEncoder } from './encoders/bert.ts';
import { modernbertEncoder } from './encoders/modernbert.ts';
import { maskedTokensHead } from './heads/masked-tokens.ts';
import { sentenceOrderHead } from './heads/sentence-order.ts';
import { maskedModel } from './masked-model.ts';
import type { Model } from './model.ts';

/**
 * Builds the model that a configuration describes.
 *
 * @throws {ArgumentError} if it drops more values than there are draws for.
 */
export function createModel(config: ModelConfig): Model {
  const model = modelOf(config);
  checkDropout(model.passes, config);
  return model;
}

function modelOf(config: ModelConfig): Model {
  switch (config.architecture) {
    case 'bert':
      return bertModel(config);
    case 'albert':
      return albertModel(config);
    case 'modernbert':
      return modernbertModel(config);
    case 'electra':
      return electraModel(config);
  }
}

function bertModel(config: ModelConfig): Model {
  const { hidden, norm, sentenceOrder } = config;
  return maskedModel(config, {
    encoder: bertEncoder(config, { root: 'bert', norm }),
    maskedTokens: maskedTokensHead(config, {
      token: 'bert.embeddings.word_embeddings',
      dense: 'cls.predictions.transform.dense',
      norm: 'cls.predictions.transform.LayerNorm',
      bias: 'cls.predictions.bias',
    }),
    ...(sentenceOrder
      ? {
          sentenceOrder: sentenceOrderHead(hidden, {
            pooler: 'bert.pooler.dense',
            classifier: 'cls.seq_relationship',
            hasDropout: false,
          }),
        }
      : {}),
  });
}

function albertModel(config: ModelConfig): Model {
  const { hidden, sentenceOrder } = config;
  return maskedModel(config, {
    encoder: albertEncoder(config),
    maskedTokens: maskedTokensHead(config, {
      token: 'albert.embeddings.word_embeddings',
      dense: 'predictions.dense',
      norm: 'predictions.LayerNorm',
      bias: 'predictions.bias',
    }),
    ...(sentenceOrder
      ? {
          sentenceOrder: sentenceOrderHead(hidden, {
            pooler: 'albert.pooler',
            classifier: 'sop_classifier.classifier',
            hasDropout: true,
          }),
        }
      : {}),
  });
}

function modernbertModel(config: ModelConfig): Model {
  const names = {
    token: 'model.embeddings.tok_embeddings',
    dense: 'head.dense',
    norm: 'head.norm',
    bias: 'decoder.bias',
  };
  return maskedModel(config, {
    encoder: modernbertEncoder(config),
    maskedTokens: maskedTokensHead(config, names, { hasBiases: false, epsilon: 1e-5 }),
  });
}
