import assert from 'node:assert/strict';
import { modelConfig } from '../model/config.ts';
import { huggingFaceConfig, huggingFaceGeneratorConfig } from './hugging-face-config.ts';

// That transformers understands each word is tested with it, in test/interop/hugging-face.test.ts.
const sizes = { vocab: 50, length: 12, layers: 2, hidden: 16, heads: 2, dropout: 0.1 };
const ids = { padId: 3 };

Deno.test('a model is described by the class that computes the same', () => {
  const models = [
    [{}, 'BertForMaskedLM', 'bert'],
    [{ sentenceOrder: true }, 'BertForPreTraining', 'bert'],
    [{ norm: 'pre' }, 'MegatronBertForMaskedLM', 'megatron-bert'],
    [{ norm: 'pre', sentenceOrder: true }, 'MegatronBertForPreTraining', 'megatron-bert'],
    [{ architecture: 'albert' }, 'AlbertForMaskedLM', 'albert'],
    [{ architecture: 'albert', sentenceOrder: true }, 'AlbertForPreTraining', 'albert'],
    [{ architecture: 'electra' }, 'ElectraForPreTraining', 'electra'],
    [{ architecture: 'modernbert' }, 'ModernBertForMaskedLM', 'modernbert'],
  ] as const;
  for (const [given, architecture, type] of models) {
    const config = huggingFaceConfig(modelConfig({ ...sizes, ...given }), ids);
    assert.deepEqual(config['architectures'], [architecture]);
    assert.equal(config['model_type'], type);
    assert.equal(config['hidden_act'] ?? config['hidden_activation'], 'gelu');
    assert.equal(config['pad_token_id'], 3);
  }
});

Deno.test('a factorised table has a width of its own, in the generator too', () => {
  const model = modelConfig({ ...sizes, architecture: 'electra', embedding: 8 });
  assert.equal(huggingFaceConfig(model, ids)['embedding_size'], 8);
  const generator = huggingFaceGeneratorConfig({ ...model, hidden: 4, intermediate: 10 }, ids);
  assert.deepEqual(generator['architectures'], ['ElectraForMaskedLM']);
  assert.equal(generator['embedding_size'], 8);
  assert.equal(generator['hidden_size'], 4);
  assert.equal(generator['intermediate_size'], 10);
});
