import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../../../loader/bin/maskloom.js', import.meta.url));

/** A real sidecar of a small dataset. */
export interface Sidecar {
  readonly url: string;
  /** Stops it without ending it: it stays connected and says nothing. */
  freeze(): void;
  stop(): Promise<void>;
}

/** Makes a dataset with `maskloom` and serves it. */
export async function startSidecar(): Promise<Sidecar> {
  const folder = await mkdtemp(join(tmpdir(), 'maskloom-trainer-sidecar-'));
  const at = (name: string) => join(folder, name);
  const words = 'the people of the union have a government of laws and not of men. ';
  await writeFile(at('text.txt'), words.repeat(60));
  const tokenizer = ['--tokenizer', at('tokenizer')];
  await maskloom(
    'tokenizer',
    'train',
    at('text.txt'),
    '--vocab-size',
    '60',
    '--out',
    at('tokenizer'),
  );
  await maskloom('encode', at('text.txt'), ...tokenizer, '--max-length', '16', '--out', at('data'));
  await maskloom('plan', '--data', at('data'), '--batch', '4', '--out', at('plan.json'));
  const serve = ['serve', '--plan', at('plan.json'), '--data', at('data'), '--port', '0'];
  const child = spawn('node', [bin, ...serve, '--workers', '1'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (text) => {
      const found = /^listening on (http:\/\/\S+), plan /m.exec(String(text))?.[1];
      if (found !== undefined) resolve(found);
    });
    ended.then(() => reject(new Error('maskloom serve ended before it listened')));
  });
  return {
    url,
    // Not child.kill(): Deno takes a child that was sent one signal for dead, and sends no other.
    freeze: () => void process.kill(child.pid!, 'SIGSTOP'),
    async stop() {
      process.kill(child.pid!, 'SIGKILL');
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}

function maskloom(...words: string[]): Promise<void> {
  const child = spawn('node', [bin, ...words], { stdio: ['ignore', 'ignore', 'inherit'] });
  return new Promise((resolve, reject) => {
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`maskloom ${words[0]} ended with exit code ${code}`));
    });
  });
}
