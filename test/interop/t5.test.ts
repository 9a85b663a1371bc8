import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLoader, type Loader, parsePlan } from '@maskloom/loader';
import { type Dataset, openDataset } from '@maskloom/shards';
import { type Sidecar, serve } from 'maskloom';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { python } from '../python.mjs';
import { denoScript } from '../support/deno.ts';
import { maskloom, run } from '../support/run.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const trainer = join(root, 'apps/trainer/src/main.ts');
const train = join(root, 'examples/t5/train.py');
/** Real text that is always there. */
const texts = ['README.md', 'CHANGELOG.md', 'docs'].map((name) => join(root, name));
const found = python();
const steps = 240;

let folder: string;
const at = (name: string) => join(folder, name);
let dataset: Dataset;

async function runMaskloom(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await maskloom(...words);
  expect(stderr.replaceAll(/^encode .*$/gm, '').trim()).toBe('');
  expect(code).toBe(0);
  return stdout;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskloom-t5-'));
  const special = ['--sentinels', '40', '--special-tokens', '[R],[S],[X]'];
  const tokenizer = ['--vocab-size', '1000', ...special, '--out', at('tokenizer')];
  expect(await runMaskloom('tokenizer', 'train', ...texts, ...tokenizer)).toContain('[X] 7');
  const encode = ['--tokenizer', at('tokenizer'), '--max-length', '64', '--out', at('data')];
  await runMaskloom('encode', ...texts, ...encode);
  dataset = await openDataset(at('data'));
});
afterAll(() => rm(folder, { recursive: true }));

// What Transformers makes of labels, for its own T5, against the column.
const compareShift = `
import json, sys, urllib.request
import pyarrow as pa, torch
from transformers import T5Config, T5ForConditionalGeneration
config = T5Config(vocab_size=1000, d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=1,
                  pad_token_id=0, decoder_start_token_id=0)
model = T5ForConditionalGeneration(config)
equal, rows, padded = True, 0, 0
with urllib.request.urlopen(f"{sys.argv[1]}/batches?steps=40") as response:
    for batch in pa.ipc.open_stream(response):
        labels = torch.tensor(batch.column("labels").to_pylist())
        ours = torch.tensor(batch.column("decoder_input_ids").to_pylist())
        theirs = model.prepare_decoder_input_ids_from_labels(labels)
        equal = equal and torch.equal(ours, theirs)
        rows += len(labels)
        padded += int((labels == -100).any(dim=1).sum())
print(json.dumps({"equal": equal, "rows": rows, "padded": padded}))
`;

describe.each([
  ['t5', []],
  ['ul2', ['--modes', '5,6,7']],
] as const)("Hugging Face's T5, on the sidecar's stream of %s", (strategy, options) => {
  let loader: Loader;
  let sidecar: Sidecar;
  const plan = () => at(`${strategy}.json`);

  beforeAll(async () => {
    const words = ['plan', '--data', at('data'), '--strategy', strategy, ...options];
    const planned = await runMaskloom(...words, '--batch', '16', '--out', plan());
    expect(planned).toMatch(/longest target \d+/);
    loader = await createLoader({
      plan: parsePlan(await readFile(plan(), 'utf8')),
      dataset,
      workers: 2,
    });
    sidecar = await serve({ loader, manifest: dataset.manifest });
  });
  afterAll(async () => {
    await sidecar.close();
    await loader.close();
  });

  async function runPython(...words: string[]): Promise<unknown> {
    const { code, stdout, stderr } = await run(found.path ?? '', words);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return JSON.parse(stdout);
  }

  test('learns, from batches whose digest is the one of maskloom verify', async ({ skip }) => {
    if (found.path === undefined) return skip(found.reason);
    const words = [train, sidecar.url, '--steps', String(steps), '--json'];
    const { losses, digest } = (await runPython(...words)) as { losses: number[]; digest: string };
    expect(losses).toHaveLength(steps);
    // At first it knows nothing; at last it knows the order of sentinels and the words that are frequent.
    const chance = Math.log(dataset.manifest.vocab.size);
    const last = losses.slice(-20).reduce((sum, loss) => sum + loss, 0) / 20;
    expect(losses[0]! / chance).toBeGreaterThan(0.9);
    expect(last / chance).toBeLessThan(0.75);
    const verify = ['verify', '--plan', plan(), '--data', at('data'), '--steps', String(steps)];
    expect(await runMaskloom(...verify)).toContain(`digest ${digest}\n`);
  }, 240_000);

  test('which the encoder that is trained here refuses', async () => {
    const words = ['run', '-A', trainer, '--url', sidecar.url, '--device', 'wasm', '--steps', '1'];
    const { code, stderr } = await run(process.execPath, [denoScript, ...words]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/maskloom-train: The plan corrupts spans, .* another --strategy\n$/);
  });

  test('would shift labels for its decoder just as the column has them', async ({ skip }) => {
    if (found.path === undefined) return skip(found.reason);
    await writeFile(at('shift.py'), compareShift);
    const result = (await runPython(at('shift.py'), sidecar.url)) as { padded: number };
    expect(result).toMatchObject({ equal: true, rows: 640 });
    expect(result.padded).toBeGreaterThan(100);
  }, 240_000);
});
