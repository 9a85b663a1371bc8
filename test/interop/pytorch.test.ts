import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tokenMasking } from '@maskloom/core';
import { createLoader, createPlan, type Loader } from '@maskloom/loader';
import { openDataset } from '@maskloom/shards';
import { type Sidecar, serve } from 'maskloom';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { python } from '../python.mjs';
import { maskloom, run } from '../support/run.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const train = here('../../examples/pytorch/train.py');
const texts = ['../../README.md', '../../CHANGELOG.md', '../../docs'].map(here);
const found = python();
const steps = 40;
/** Milliseconds for a run: on a busy machine, importing torch alone takes a good part of a minute. */
const patience = 240_000;

interface Step {
  readonly rank: number;
  readonly step: number;
  readonly loss: number;
  readonly samples: readonly number[];
}

let folder: string;
let loader: Loader;
let sidecar: Sidecar;
const at = (name: string): string => join(folder, name);

/** torchrun's words: by address and port, since a machine's name need not be known to it. */
async function launch(ranks: number): Promise<string[]> {
  if (ranks === 1) return [];
  const address = ['--master-addr', '127.0.0.1', '--master-port', String(await freePort())];
  return ['-m', 'torch.distributed.run', `--nproc-per-node=${ranks}`, ...address];
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** What a run prints, step by step and rank by rank. */
async function torchrun(ranks: number, ...words: string[]): Promise<Step[]> {
  const options = ['--url', sidecar.url, '--steps', String(steps), ...words];
  const command = [...(await launch(ranks)), train, ...options];
  const { code, stdout, stderr } = await run(found.path!, command, '.', patience);
  expect(code, stderr).toBe(0);
  const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
  const printed = lines.map((line) => JSON.parse(line) as Step);
  return printed.sort((a, b) => a.step - b.step || a.rank - b.rank);
}

/** The samples of each step, over all ranks. */
function samplesOf(printed: readonly Step[]): readonly (readonly number[])[] {
  return Array.from({ length: steps }, (_, step) =>
    printed.filter((one) => one.step === step).flatMap(({ samples }) => samples),
  );
}

const lossesOf = (printed: readonly Step[]): number[] =>
  printed.filter(({ rank }) => rank === 0).map(({ loss }) => loss);

describe.skipIf(found.path === undefined)(
  `examples/pytorch under torchrun${found.path ? '' : ` (skipped: ${found.reason})`}`,
  () => {
    let one: Step[];
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'maskloom-pytorch-'));
      const tokenizer = ['--vocab-size', '1000', '--out', at('tokenizer')];
      expect((await maskloom('tokenizer', 'train', ...texts, ...tokenizer)).code).toBe(0);
      const size = ['--tokenizer', at('tokenizer'), '--max-length', '32', '--out', at('data')];
      expect((await maskloom('encode', ...texts, ...size)).code).toBe(0);
      const dataset = await openDataset(at('data'));
      const strategy = tokenMasking({ rate: 0.15 });
      const plan = createPlan({ dataset, strategy, seed: 3n, batch: 16 });
      loader = await createLoader({ plan, dataset, workers: 1 });
      sidecar = await serve({ loader, manifest: dataset.manifest });
      one = await torchrun(1);
    }, patience);
    afterAll(async () => {
      await sidecar?.close();
      await loader?.close();
      await rm(folder, { recursive: true });
    });

    test('a model learns', () => {
      const losses = lossesOf(one);
      const mean = (part: readonly number[]) => part.reduce((sum, loss) => sum + loss, 0) / 10;
      expect(losses).toHaveLength(steps);
      expect(mean(losses.slice(-10))).toBeLessThan(mean(losses.slice(0, 10)) - 0.5);
    });

    test(
      'two ranks see the samples of one and come to its losses; one goes on where they stopped',
      async () => {
        const checkpoint = ['--checkpoint', at('run.pt')];
        const first = await torchrun(2, ...checkpoint, '--stop-after', '15');
        const rest = await torchrun(1, ...checkpoint);
        expect(samplesOf([...first, ...rest])).toEqual(samplesOf(one));
        lossesOf([...first, ...rest]).forEach((loss, step) => {
          expect(Math.abs(loss - lossesOf(one)[step]!)).toBeLessThan(1e-3);
        });
      },
      patience,
    );
  },
);
