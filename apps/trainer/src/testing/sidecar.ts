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
  /** Ends it as a crash would. */
  kill(): Promise<void>;
  /** Starts it again, at the same address. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Makes a dataset with `maskloom` and serves it; `plan` has words for `maskloom plan make`. */
export async function startSidecar(...plan: string[]): Promise<Sidecar> {
  const folder = await mkdtemp(join(tmpdir(), 'maskloom-trainer-sidecar-'));
  const at = (name: string) => join(folder, name);
  const words = 'the people of the union have a government of laws and not of men. ';
  await writeFile(at('text.txt'), words.repeat(60));
  const tokenizer = ['--tokenizer', at('tokenizer')];
  const size = ['--vocab-size', '60', '--out', at('tokenizer')];
  await maskloom('tokenizer', 'train', at('text.txt'), ...size);
  await maskloom('encode', at('text.txt'), ...tokenizer, '--max-length', '16', '--out', at('data'));
  await maskloom(
    'plan',
    'make',
    '--data',
    at('data'),
    '--batch',
    '4',
    ...plan,
    '--out',
    at('plan'),
  );
  const serve = ['serve', '--plan', at('plan'), '--data', at('data'), '--workers', '1'];
  let serving = await listen([...serve, '--port', '0']);
  const { url } = serving;
  return {
    url,
    // Not child.kill(): Deno takes a child that was sent one signal for dead, and sends no other.
    freeze: () => void process.kill(serving.pid, 'SIGSTOP'),
    kill: () => serving.kill(),
    async restart() {
      serving = await listen([...serve, '--port', new URL(url).port]);
    },
    async stop() {
      await serving.kill();
      await rm(folder, { recursive: true });
    },
  };
}

interface Serving {
  readonly url: string;
  readonly pid: number;
  kill(): Promise<void>;
}

async function listen(words: readonly string[]): Promise<Serving> {
  const child = spawn('node', [bin, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (text) => {
      const found = /^listening on (http:\/\/\S+), plan /m.exec(String(text))?.[1];
      if (found !== undefined) resolve(found);
    });
    ended.then(() => reject(new Error('maskloom serve ended before it listened')));
  });
  const pid = child.pid!;
  return {
    ...{ url, pid },
    async kill() {
      const isAlive = child.exitCode === null && child.signalCode === null;
      if (isAlive) process.kill(pid, 'SIGKILL');
      await ended;
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
