import assert from 'node:assert/strict';
import { type ModelConfig, modelConfig } from '../model/config.ts';
import { type HuggingFaceConfig, huggingFaceConfig } from './hugging-face-config.ts';
import { modelConfigOf } from './model-config-of.ts';

const sizes = { vocab: 50, length: 12, layers: 3, hidden: 16, heads: 2, intermediate: 40 };
const models: readonly Partial<ModelConfig>[] = [
  {},
  { norm: 'pre' },
  { architecture: 'albert', embedding: 8 },
  { architecture: 'electra', embedding: 8 },
  { architecture: 'modernbert' },
];

function written(given: Partial<ModelConfig> = {}): HuggingFaceConfig {
  const config = modelConfig({ ...sizes, ...given, dropout: 0.1 });
  return huggingFaceConfig(config, { padId: 3 });
}

Deno.test('the config.json of a model describes it', () => {
  for (const given of models) {
    assert.deepEqual(
      modelConfigOf(written(given), 'config.json'),
      modelConfig({ ...sizes, ...given }),
    );
  }
});

Deno.test('a head for sentence order is left out', () => {
  for (const architecture of ['bert', 'albert'] as const) {
    const found = modelConfigOf(written({ architecture, sentenceOrder: true }), 'config.json');
    assert.deepEqual(found, modelConfig({ ...sizes, architecture }));
  }
});

Deno.test('a model that would compute something else is refused, naming the field', () => {
  const cases: [Partial<ModelConfig>, HuggingFaceConfig, RegExp][] = [
    [{}, { model_type: 'roberta' }, /has model_type "roberta", expected one of bert, /],
    [{}, { model_type: 'constructor' }, /has model_type "constructor", expected one of bert, /],
    [{}, { hidden_size: '16' }, /has hidden_size "16", expected an integer from 1/],
    [{}, { vocab_size: 0 }, /has vocab_size 0, expected an integer from 1/],
    [{}, { hidden_act: 'gelu_new' }, /has hidden_act "gelu_new", expected "gelu"/],
    [{}, { layer_norm_eps: 1e-5 }, /has layer_norm_eps 0.00001, expected 1e-12/],
    [{ architecture: 'albert' }, { num_hidden_groups: 2 }, /has num_hidden_groups 2, expected 1/],
    [
      { architecture: 'modernbert' },
      { global_attn_every_n_layers: 3 },
      /has global_attn_every_n_layers 3, expected 1/,
    ],
  ];
  for (const [given, change, message] of cases) {
    assert.throws(
      () => modelConfigOf({ ...written(given), ...change }, 'model/config.json'),
      (error) => {
        assert(error instanceof Error);
        assert.match(error.message, /^model\/config\.json has /);
        return message.test(error.message);
      },
    );
  }
  const { hidden_act: _, ...rest } = written();
  assert.throws(
    () => modelConfigOf(rest, 'config.json'),
    /has hidden_act missing, expected "gelu"/,
  );
});
