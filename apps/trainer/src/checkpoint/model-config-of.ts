import { TrainingError } from '../errors.ts';
import { type Architecture, type ModelConfig, modelConfig } from '../model/config.ts';
import { huggingFaceConfig } from './hugging-face-config.ts';

/** What `model_type` says of an architecture. */
const architectures: Readonly<Record<string, Architecture>> = {
  bert: 'bert',
  'megatron-bert': 'bert',
  albert: 'albert',
  electra: 'electra',
  modernbert: 'modernbert',
};

/** What does not change what a trained model computes for a line of tokens. */
const irrelevant = /^architectures$|^tie_word_embeddings$|_token_id$|dropout/;

/**
 * The model that a `config.json` of Hugging Face's describes, without a head for sentence order. Of an ELECTRA it says
 * nothing of the generator.
 *
 * @param path for messages
 * @throws {TrainingError} if it is none that is computed here, naming the field.
 */
export function modelConfigOf(found: Readonly<Record<string, unknown>>, path: string): ModelConfig {
  const refuse = (field: string, expected: string): never => {
    throw new TrainingError(
      'CHECKPOINT',
      `${path} has ${field} ${JSON.stringify(found[field]) ?? 'missing'}, expected ${expected}: use the folder of a model that maskloom-train wrote, or one built like it`,
    );
  };
  const count = (field: string): number => {
    const value = found[field];
    return typeof value === 'number' && Number.isInteger(value) && value > 0
      ? value
      : refuse(field, 'an integer from 1');
  };
  const type = String(found['model_type']);
  const architecture = Object.hasOwn(architectures, type) ? architectures[type] : undefined;
  if (architecture === undefined) {
    return refuse('model_type', `one of ${Object.keys(architectures).join(', ')}`);
  }
  const isFactorised = architecture === 'albert' || architecture === 'electra';
  const config = modelConfig({
    architecture,
    norm: type === 'megatron-bert' ? 'pre' : 'post',
    vocab: count('vocab_size'),
    length: count('max_position_embeddings'),
    layers: count('num_hidden_layers'),
    hidden: count('hidden_size'),
    heads: count('num_attention_heads'),
    intermediate: count('intermediate_size'),
    ...(isFactorised ? { embedding: count('embedding_size') } : {}),
  });
  for (const [field, value] of Object.entries(huggingFaceConfig(config, { padId: 0 }))) {
    if (!irrelevant.test(field) && found[field] !== value) refuse(field, JSON.stringify(value));
  }
  return config;
}
