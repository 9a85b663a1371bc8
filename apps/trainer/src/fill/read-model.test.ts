import assert from 'node:assert/strict';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportModel } from '../checkpoint/export-model.ts';
import type { ModelConfig } from '../model/config.ts';
import { saveModel } from '../testing/save-model.ts';
import { readModel } from './read-model.ts';

const electra = { architecture: 'electra', embedding: 8, generatorSize: 0.5 } as const;

/** Runs a test on a checkpoint of a tiny model, and on what is exported of it. */
function testModel(
  name: string,
  given: Partial<ModelConfig>,
  run: (checkpoint: string, exported: string) => Promise<void>,
): void {
  Deno.test(name, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'maskloom-read-model-'));
    try {
      const checkpoint = await saveModel(join(folder, 'checkpoints'), given);
      const exported = join(folder, 'exported');
      await exportModel(checkpoint, exported);
      await run(checkpoint, exported);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
}

testModel('an exported model is that of its checkpoint', {}, async (checkpoint, exported) => {
  const [own, other] = [await readModel(checkpoint), await readModel(exported)];
  assert.deepEqual(other.tensors, own.tensors);
  assert.deepEqual(other.model.specs, own.model.specs);
});

testModel(
  "of an ELECTRA it is the generator, with the generator's sizes",
  electra,
  async (checkpoint, exported) => {
    const [own, other] = [
      await readModel(checkpoint),
      await readModel(join(exported, 'generator')),
    ];
    assert.deepEqual(other.tensors, own.tensors);
    assert.deepEqual(other.model.specs, own.model.specs);
    assert.deepEqual(Object.keys(own.tensors).sort(), own.model.specs.map((s) => s.name).sort());
    assert.equal(other.model.config.hidden, 8);
    assert.equal(other.model.config.embedding, 8);
  },
);

testModel(
  'a discriminator is refused, naming the folder of its generator where it is there',
  electra,
  async (_, exported) => {
    const what = /The model in \S+exported is an ELECTRA's discriminator, .*does not fill masks/;
    await assert.rejects(readModel(exported), { code: 'CHECKPOINT', message: what });
    const generator = join(exported, 'generator');
    await assert.rejects(readModel(exported), (error: Error) =>
      error.message.endsWith(`expected its generator: give --checkpoint ${generator}`),
    );
    await rename(generator, join(exported, 'moved'));
    await assert.rejects(readModel(exported), /the folder generator that `maskloom-train export`/);
  },
);

testModel(
  'the checkpoint of an ELECTRA needs its state, which has the sizes of its generator',
  electra,
  async (checkpoint) => {
    await rm(join(checkpoint, 'state.json'));
    await assert.rejects(readModel(checkpoint), /There is no file \S+state\.json/);
  },
);
