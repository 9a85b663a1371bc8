import assert from 'node:assert/strict';
import { discriminatorTensors, electraPartOf, generatorTensors } from './electra-tensors.ts';

const tensor = (value: number) => ({ shape: [1], data: Float32Array.of(value) });

Deno.test("a generator has its own tensors and the discriminator's tables", () => {
  const found = generatorTensors({
    'electra.embeddings.word_embeddings.weight': tensor(1),
    'electra.embeddings_project.weight': tensor(2),
    'discriminator_predictions.dense.weight': tensor(3),
    'generator.electra.embeddings_project.weight': tensor(4),
    'generator.generator_lm_head.bias': tensor(5),
  });
  assert.deepEqual(found, {
    'electra.embeddings.word_embeddings.weight': tensor(1),
    'electra.embeddings_project.weight': tensor(4),
    'generator_lm_head.bias': tensor(5),
  });
});

Deno.test('which models tensors are of is told by their names', () => {
  const whole = {
    'electra.embeddings.word_embeddings.weight': tensor(1),
    'generator.generator_lm_head.bias': tensor(2),
  };
  assert.equal(electraPartOf(whole), 'both');
  assert.equal(electraPartOf(generatorTensors(whole)), 'generator');
  assert.equal(electraPartOf(discriminatorTensors(whole)), 'discriminator');
});
