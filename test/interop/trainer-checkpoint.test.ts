import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLoader, type Loader, parsePlan } from '@maskloom/loader';
import { openDataset } from '@maskloom/shards';
import { type Sidecar, serve } from 'maskloom';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { python } from '../python.mjs';
import { deno } from '../support/deno.ts';
import { maskloom, run } from '../support/run.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const trainer = here('../../apps/trainer/src/main.ts');
const compare = here('trainer_checkpoint.py');
const texts = ['../../README.md', '../../CHANGELOG.md', '../../docs'].map(here);
const found = python();
const evalSteps = 4;
/** Milliseconds for a model: on a busy machine, importing torch alone takes a good part of a minute. */
const patience = 240_000;
const text = 'The [MASK] of a plan is what [MASK] says.';

let folder: string;
let plain: Sidecar;
let ordered: Sidecar;
const loaders: Loader[] = [];
const at = (name: string): string => join(folder, name);

async function runMaskloom(...words: string[]): Promise<void> {
  const { code, stderr } = await maskloom(...words);
  expect(code, stderr).toBe(0);
}

/** A sidecar of text, cut into samples by `encode`'s further words, under a plan of `plan`'s. */
async function serveText(name: string, encode: string[], planned: string[]): Promise<Sidecar> {
  const data = at(name);
  const file = at(`${name}.json`);
  const size = ['--tokenizer', at('tokenizer'), '--max-length', '64', '--out', data];
  await runMaskloom('encode', ...texts, ...size, ...encode);
  await runMaskloom('plan', '--data', data, '--batch', '8', ...planned, '--out', file);
  const dataset = await openDataset(data);
  const plan = parsePlan(await readFile(file, 'utf8'));
  const loader = await createLoader({ plan, dataset, workers: 1 });
  loaders.push(loader);
  return serve({ loader, manifest: dataset.manifest });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskloom-checkpoint-'));
  await runMaskloom(
    'tokenizer',
    'train',
    ...texts,
    '--vocab-size',
    '1000',
    '--out',
    at('tokenizer'),
  );
  plain = await serveText('plain', [], []);
  ordered = await serveText('ordered', ['--pairs'], ['--strategy', 'albert', '--sentence-order']);
});
afterAll(async () => {
  await plain?.close();
  await ordered?.close();
  for (const loader of loaders) await loader.close();
  await rm(folder, { recursive: true });
});

/** The last evaluation of a short run, and the folder of its last checkpoint. */
async function train(out: string, url: string, ...words: string[]) {
  const sizes = ['--layers', '2', '--hidden', '32', '--heads', '2', '--dropout', '0'];
  const steps = ['--steps', '6', '--warmup', '2', '--eval-steps', String(evalSteps)];
  const places = ['--url', url, '--eval-url', url, '--out', out, '--tokenizer', at('tokenizer')];
  const { code, stderr } = await deno(
    trainer,
    ...places,
    ...sizes,
    ...steps,
    '--device',
    'wasm',
    ...words,
  );
  expect(code, stderr).toBe(0);
  const log = (await readFile(join(out, 'log.jsonl'), 'utf8')).trim().split('\n');
  const events = log.map((line) => JSON.parse(line) as Record<string, unknown>);
  const evaluation = events.filter(({ type }) => type === 'eval').at(-1)!;
  const last = (await readdir(join(out, 'checkpoints'))).sort().at(-1)!;
  return { evaluation, checkpoint: join(out, 'checkpoints', last) };
}

/** What transformers says of a folder's model. */
interface Compared {
  readonly kind: string;
  readonly loss: number;
  readonly accuracy: number;
  readonly masked: number;
  /** For each `[MASK]` of `text` tokens and probabilities, best first. */
  readonly filled: readonly (readonly [token: string, probability: number])[][];
}

async function compareWith(model: string, url: string, checkpoint: string): Promise<Compared> {
  const words = [compare, model, url, String(evalSteps), checkpoint, text];
  const { code, stdout, stderr } = await run(found.path!, words);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Compared;
}

/** Checks that `fill` says of a run, or of an exported model, what transformers says of the model. */
async function checkFill(folder: string, { filled }: Compared): Promise<void> {
  const words = ['fill', text, '--checkpoint', folder, '--json'];
  const { code, stdout, stderr } = await deno(trainer, ...words);
  expect(code, stderr).toBe(0);
  const { masks } = JSON.parse(stdout) as {
    masks: { candidates: { token: string; probability: number }[] }[];
  };
  expect(masks).toHaveLength(2);
  for (const [mask, { candidates }] of masks.entries()) {
    expect(candidates).toHaveLength(5);
    // Of tokens that are as good as equal, either may come first.
    const theirs = new Map(filled[mask]);
    for (const [index, { token, probability }] of candidates.entries()) {
      expect(probability).toBeCloseTo(filled[mask]![index]![1], 5);
      expect(probability, token).toBeCloseTo(theirs.get(token)!, 5);
    }
  }
}

/** Exports a checkpoint, and gives the folder. */
async function exportModel(name: string, checkpoint: string): Promise<string> {
  const out = at(`${name}-exported`);
  const { code, stderr } = await deno(trainer, 'export', '--checkpoint', checkpoint, '--out', out);
  expect(code, stderr).toBe(0);
  return out;
}

describe.skipIf(found.path === undefined)(
  `transformers loads a checkpoint, and its loss and guesses are the trainer's${found.path ? '' : ` (skipped: ${found.reason})`}`,
  () => {
    test.each([
      ['BertForMaskedLM', 'plain', []],
      ['MegatronBertForMaskedLM', 'plain', ['--norm', 'pre']],
      ['AlbertForPreTraining', 'ordered', ['--architecture', 'albert', '--embedding', '16']],
      ['ModernBertForMaskedLM', 'plain', ['--architecture', 'modernbert']],
    ] as const)(
      '%s',
      async (kind, data, words) => {
        const { url } = data === 'plain' ? plain : ordered;
        const { evaluation, checkpoint } = await train(at(kind), url, ...words);
        const result = await compareWith(checkpoint, url, checkpoint);
        expect(result).toMatchObject({ kind, masked: evaluation['masked'] });
        const figures = evaluation['figures'] as Record<string, number> | undefined;
        const loss = figures?.['mlm'] ?? (evaluation['loss'] as number);
        expect(Math.abs(result.loss / loss - 1)).toBeLessThan(1e-4);
        expect(result.accuracy).toBeCloseTo(evaluation['accuracy'] as number, 3);
        await checkFill(at(kind), result);
      },
      patience,
    );

    test(
      'AlbertForMaskedLM, exported from a run without sentence order',
      async () => {
        const words = ['--architecture', 'albert', '--embedding', '16'];
        const { evaluation, checkpoint } = await train(at('albert'), plain.url, ...words);
        const out = await exportModel('albert', checkpoint);
        const result = await compareWith(out, plain.url, out);
        expect(result).toMatchObject({
          kind: 'AlbertForMaskedLM',
          masked: evaluation['masked'],
        });
        expect(Math.abs(result.loss / (evaluation['loss'] as number) - 1)).toBeLessThan(1e-4);
        expect(result.accuracy).toBeCloseTo(evaluation['accuracy'] as number, 3);
        await checkFill(out, result);
      },
      patience,
    );

    test(
      'ElectraForPreTraining and ElectraForMaskedLM, exported',
      async () => {
        const words = ['--architecture', 'electra', '--generator-size', '0.5', '--embedding', '16'];
        const { evaluation, checkpoint } = await train(at('electra'), plain.url, ...words);
        const out = await exportModel('electra', checkpoint);
        const generator = join(out, 'generator');
        const result = await compareWith(generator, plain.url, generator);
        await checkFill(at('electra'), result);
        await checkFill(generator, result);
        const { kind, loss } = result;
        expect(kind).toBe('ElectraForMaskedLM');
        const { mlm } = evaluation['figures'] as { mlm: number };
        expect(Math.abs(loss / mlm - 1)).toBeLessThan(1e-4);
        const load =
          'import sys, transformers as hf; model, info = hf.ElectraForPreTraining.from_pretrained(sys.argv[1], output_loading_info=True); print(sum(map(len, info.values())))';
        const loaded = await run(found.path!, ['-c', load, out]);
        expect(loaded.stdout.trim(), loaded.stderr).toBe('0');
        const refused = await deno(trainer, 'fill', text, '--checkpoint', out);
        expect(refused.code).toBe(1);
        expect(refused.stderr).toMatch(/discriminator, .* does not fill masks, .*\/generator\n$/);
      },
      patience,
    );
  },
);
