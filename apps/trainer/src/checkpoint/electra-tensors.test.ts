import assert from 'node:assert/strict';
import { generatorTensors } from './electra-tensors.ts';

Deno.test("a generator has its own tensors and the discriminator's tables", () => {
  const tensor = (value: number) => ({ shape: [1], data: Float32Array.of(value) });
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
