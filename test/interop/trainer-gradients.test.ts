import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { python } from '../python.mjs';
import { deno } from '../support/deno.ts';
import { run } from '../support/run.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const print = here('../../apps/trainer/src/testing/print-gradients.ts');
const compare = here('trainer_gradients.py');
const found = python();

/** What trainer_gradients.py prints. */
interface Differences {
  readonly losses: Readonly<Record<string, number>>;
  readonly gradients: Readonly<Record<string, number>>;
}

const models = [
  { architecture: 'bert' },
  { architecture: 'bert', sentenceOrder: true },
  { architecture: 'bert', norm: 'pre' },
  { architecture: 'albert', embedding: 8 },
  { architecture: 'albert', embedding: 8, sentenceOrder: true },
  { architecture: 'modernbert' },
  { architecture: 'electra', embedding: 8, generatorSize: 0.5 },
]
  .flatMap((model) => [model, { ...model, dropout: 0.25 }])
  .map((model) => JSON.stringify(model));

describe.skipIf(found.path === undefined)(
  `loss and gradients are those of PyTorch, with what is dropped${found.path ? '' : ` (skipped: ${found.reason})`}`,
  () => {
    let folder: string;
    let differences: readonly Differences[];
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'maskloom-gradients-'));
      const printed = await deno(print, ...models);
      expect(printed.stderr).toBe('');
      const file = join(folder, 'printed.json');
      await writeFile(file, printed.stdout);
      const compared = await run(found.path!, [compare, file], '.');
      expect(compared.code, compared.stderr).toBe(0);
      differences = JSON.parse(compared.stdout) as Differences[];
    });
    afterAll(() => rm(folder, { recursive: true }));

    test.each(models.map((model, index) => ({ model, index })))('$model', ({ index }) => {
      const { losses, gradients } = differences[index]!;
      expect(Object.keys(gradients).length).toBeGreaterThan(10);
      for (const [name, difference] of Object.entries({ ...losses, ...gradients })) {
        expect(difference, name).toBeLessThan(1e-4);
      }
    });
  },
);
