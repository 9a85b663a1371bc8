import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Child, Children } from './children.ts';
import { DemoError } from './errors.ts';
import { type Epoch, parsePreview } from './preview.ts';

/** A sidecar that is ready. */
export interface Sidecar {
  readonly url: string;
  readonly child: Child;
}

/** The stream that a run consumed, as `maskloom verify` computes it again. */
export interface Verified {
  readonly planId: string;
  readonly digest: string;
}

/** What a plan says, beside its dataset. */
export interface PlanOptions {
  readonly seed: string;
  readonly rate: number;
  readonly batch: number;
  readonly mode: 'dynamic' | 'static';
  /** In static mode: sets of masks. Default 1. */
  readonly copies?: number;
  /** Default `token`. */
  readonly strategy?: string;
}

/** Milliseconds a sidecar may take to listen. */
const startTime = 60_000;

/** The `maskloom` command, as a user would run it. */
export class Maskloom {
  readonly #children: Children;
  readonly #main: string;

  constructor(children: Children, root: string) {
    this.#children = children;
    this.#main = join(root, 'apps/loader/dist/main.js');
  }

  async trainTokenizer(out: string, vocabSize: number, inputs: readonly string[]): Promise<void> {
    await this.#run('tokenizer', 'train', '--vocab-size', vocabSize, '--out', out, ...inputs);
  }

  /** Writes a dataset to `out` and what it holds out to `out` + `-holdout`. */
  async encode(
    out: string,
    options: { tokenizer: string; maxLength: number; holdout: number },
    inputs: readonly string[],
  ): Promise<void> {
    const { tokenizer, maxLength, holdout } = options;
    const limits = ['--max-length', maxLength, '--holdout', holdout];
    await this.#run('encode', '--tokenizer', tokenizer, '--out', out, ...limits, ...inputs);
  }

  async plan(out: string, data: string, options: PlanOptions): Promise<void> {
    const { seed, rate, batch, mode, copies = 1, strategy = 'token' } = options;
    const masks = ['--strategy', strategy, '--rate', rate, '--mode', mode];
    const sets = mode === 'static' ? ['--copies', copies] : [];
    const order = ['--seed', seed, '--batch', batch];
    await this.#run('plan', '--data', data, ...masks, ...sets, ...order, '--out', out);
  }

  /** Starts a sidecar on a free port; resolves when it listens. */
  async serve(plan: string, data: string, workers: number): Promise<Sidecar> {
    const { promise, resolve } = promiseOf<string>();
    let output = '';
    const args = [this.#main, 'serve', '--plan', plan, '--data', data];
    const child = this.#children.start(
      process.execPath,
      [...args, '--workers', String(workers), '--port', '0'],
      {
        name: 'maskloom serve',
        ipc: true,
        onStdout: (text) => {
          output += text;
          const url = /^listening on (http:\/\/\S+), plan /m.exec(output)?.[1];
          if (url !== undefined) resolve(url);
        },
      },
    );
    const url = await Promise.race([promise, neverReady(child), tooLate()]);
    return { url, child };
  }

  async verify(plan: string, data: string, steps: number, workers: number): Promise<Verified> {
    const size = ['--steps', steps, '--workers', workers];
    const output = await this.#run('verify', '--plan', plan, '--data', data, ...size);
    return { planId: field(output, 'plan'), digest: field(output, 'digest') };
  }

  /** One sample's masks in several epochs. */
  async preview(
    plan: string,
    data: string,
    options: { tokenizer: string; sample: number; epochs: number; mode: 'dynamic' | 'static' },
  ): Promise<Epoch[]> {
    const { tokenizer, sample, epochs, mode } = options;
    const what = ['--tokenizer', tokenizer, '--sample', sample, '--epochs', epochs, '--json'];
    const masks = mode === 'static' ? ['--mode', 'static'] : [];
    const output = await this.#run('preview', '--plan', plan, '--data', data, ...what, ...masks);
    return parsePreview(output);
  }

  async #run(command: string, ...args: readonly (string | number)[]): Promise<string> {
    const line = [this.#main, command, ...args.map(String)];
    return this.#children.run(process.execPath, line, { name: `maskloom ${command}` });
  }
}

function field(output: string, name: string): string {
  const value = new RegExp(`^${name} ([0-9a-f]{64})$`, 'm').exec(output)?.[1];
  if (value !== undefined) return value;
  throw new DemoError('OUTPUT', `maskloom verify printed no line "${name} <64 hex digits>"`);
}

async function neverReady(child: Child): Promise<never> {
  await child.ended;
  throw new DemoError('CHILD', 'maskloom serve ended before it listened');
}

async function tooLate(): Promise<never> {
  await sleep(startTime, undefined, { ref: false });
  throw new DemoError('CHILD', `maskloom serve did not listen within ${startTime / 1000} s`);
}

function promiseOf<Value>(): { promise: Promise<Value>; resolve: (value: Value) => void } {
  let resolve: (value: Value) => void = () => {};
  const promise = new Promise<Value>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
