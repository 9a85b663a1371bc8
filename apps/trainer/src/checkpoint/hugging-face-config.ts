import type { EncoderConfig, ModelConfig } from '../model/config.ts';

/** The content of a `config.json`. */
export type HuggingFaceConfig = Readonly<
  Record<string, string | number | boolean | null | readonly string[]>
>;

/** What a configuration is made from. */
export type DescribedModel = EncoderConfig &
  Pick<ModelConfig, 'architecture' | 'norm' | 'sentenceOrder'>;

/** Ids that the vocabulary gives a meaning. */
export interface SpecialIds {
  readonly padId: number;
}

/**
 * The `config.json` with which transformers loads a model's tensors. Of an ELECTRA it is the discriminator's. It says all
 * that matters even where transformers' default is the same today.
 */
export function huggingFaceConfig(model: DescribedModel, ids: SpecialIds): HuggingFaceConfig {
  switch (model.architecture) {
    case 'bert':
      return bertConfig(model, ids);
    case 'albert':
      return albertConfig(model, ids);
    case 'electra':
      return electraConfig('ElectraForPreTraining', model, ids);
    case 'modernbert':
      return modernbertConfig(model, ids);
  }
}

/** The `config.json` of an ELECTRA's generator, from its own sizes. */
export function huggingFaceGeneratorConfig(
  generator: EncoderConfig,
  ids: SpecialIds,
): HuggingFaceConfig {
  return electraConfig('ElectraForMaskedLM', generator, ids);
}

function bertConfig(model: DescribedModel, ids: SpecialIds): HuggingFaceConfig {
  const isPre = model.norm === 'pre';
  const task = model.sentenceOrder ? 'ForPreTraining' : 'ForMaskedLM';
  return {
    architectures: [`${isPre ? 'MegatronBert' : 'Bert'}${task}`],
    model_type: isPre ? 'megatron-bert' : 'bert',
    ...encoderConfig(model, ids),
  };
}

function albertConfig(model: DescribedModel, ids: SpecialIds): HuggingFaceConfig {
  return {
    architectures: [model.sentenceOrder ? 'AlbertForPreTraining' : 'AlbertForMaskedLM'],
    model_type: 'albert',
    embedding_size: model.embedding,
    ...encoderConfig(model, ids),
    num_hidden_groups: 1,
    inner_group_num: 1,
    classifier_dropout_prob: model.dropout,
  };
}

function electraConfig(
  architecture: string,
  model: EncoderConfig,
  ids: SpecialIds,
): HuggingFaceConfig {
  return {
    architectures: [architecture],
    model_type: 'electra',
    embedding_size: model.embedding,
    ...encoderConfig(model, ids),
  };
}

/** What the descendants of BERT's configuration have in common. */
function encoderConfig(model: EncoderConfig, ids: SpecialIds): HuggingFaceConfig {
  return {
    ...sizesOf(model, ids),
    hidden_act: 'gelu',
    hidden_dropout_prob: model.dropout,
    attention_probs_dropout_prob: model.dropout,
    type_vocab_size: 2,
    layer_norm_eps: 1e-12,
  };
}

function modernbertConfig(model: EncoderConfig, ids: SpecialIds): HuggingFaceConfig {
  return {
    architectures: ['ModernBertForMaskedLM'],
    model_type: 'modernbert',
    ...sizesOf(model, ids),
    // Its defaults are ids of its own vocabulary.
    cls_token_id: null,
    sep_token_id: null,
    hidden_activation: 'gelu',
    classifier_activation: 'gelu',
    global_attn_every_n_layers: 1,
    global_rope_theta: 160_000,
    attention_bias: false,
    mlp_bias: false,
    norm_bias: false,
    classifier_bias: false,
    decoder_bias: true,
    norm_eps: 1e-5,
    embedding_dropout: model.dropout,
    attention_dropout: model.dropout,
    mlp_dropout: model.dropout,
  };
}

function sizesOf(model: EncoderConfig, { padId }: SpecialIds): HuggingFaceConfig {
  return {
    vocab_size: model.vocab,
    max_position_embeddings: model.length,
    num_hidden_layers: model.layers,
    hidden_size: model.hidden,
    num_attention_heads: model.heads,
    intermediate_size: model.intermediate,
    pad_token_id: padId,
    bos_token_id: null,
    eos_token_id: null,
    tie_word_embeddings: true,
  };
}
