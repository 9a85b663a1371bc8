import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { python } from '../python.mjs';
import { deno } from '../support/deno.ts';
import { run } from '../support/run.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const write = here('../../apps/trainer/src/testing/write-models.ts');
const load = here('hugging_face.py');
const found = python();

const dropout = 0.25;
const models = [
  { architecture: 'bert', dropout },
  { architecture: 'bert', sentenceOrder: true },
  { architecture: 'bert', norm: 'pre', dropout },
  { architecture: 'bert', norm: 'pre', sentenceOrder: true },
  { architecture: 'albert', embedding: 8, dropout },
  { architecture: 'albert', embedding: 8, sentenceOrder: true },
  { architecture: 'modernbert', dropout },
  { architecture: 'electra', embedding: 8, generatorSize: 0.5, dropout },
];
/** Classes of the folders that are written for them, in order. */
const classes = [
  ...['BertForMaskedLM', 'BertForPreTraining'],
  ...['MegatronBertForMaskedLM', 'MegatronBertForPreTraining'],
  ...['AlbertForMaskedLM', 'AlbertForPreTraining'],
  ...['ModernBertForMaskedLM', 'ElectraForPreTraining', 'ElectraForMaskedLM'],
];

describe.skipIf(found.path === undefined)(
  `transformers loads a checkpoint${found.path ? '' : ` (skipped: ${found.reason})`}`,
  () => {
    let folder: string;
    let loaded: readonly Record<string, unknown>[];
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'maskloom-hugging-face-'));
      const written = await deno(write, folder, ...models.map((model) => JSON.stringify(model)));
      expect(written.code, written.stderr).toBe(0);
      const told = await run(found.path!, [load, ...(JSON.parse(written.stdout) as string[])]);
      expect(told.code, told.stderr).toBe(0);
      loaded = JSON.parse(told.stdout) as Record<string, unknown>[];
    });
    afterAll(() => rm(folder, { recursive: true }));

    test.each(classes.map((name, index) => [name, index] as const))(
      'as a %s, with nothing missing, unknown or changed',
      (architecture, index) => {
        const isModern = architecture === 'ModernBertForMaskedLM';
        expect(loaded[index]).toEqual({
          architecture,
          ...{ unknown: [], changed: [], missing: [], mismatched: [], unequal: [] },
          // The generator lies beside the discriminator.
          unexpected: architecture === 'ElectraForPreTraining' ? ['generator'] : [],
          layer_types: isModern ? ['full_attention'] : [],
          theta: isModern ? 160_000 : null,
        });
      },
    );
  },
);
