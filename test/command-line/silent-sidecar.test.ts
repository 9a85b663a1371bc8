import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, StreamDigest } from '@maskloom/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bin, maskloom } from '../support/run.ts';
import { writeTinyDataset } from '../support/tiny-dataset.ts';

let folder: string;
const children: ChildProcess[] = [];
const stream = () => ['--plan', join(folder, 'plan.json'), '--data', join(folder, 'data')];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskloom-silent-'));
  await writeTinyDataset(join(folder, 'data'), 100);
  const plan = ['plan', '--data', join(folder, 'data'), '--batch', '4'];
  expect(await maskloom(...plan, '--out', join(folder, 'plan.json'))).toMatchObject({ code: 0 });
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

/** Starts `maskloom serve`; resolves when it listens. */
async function serve(): Promise<{ url: string; child: ChildProcess }> {
  const words = [bin, 'serve', ...stream(), '--port', '0', '--workers', '1'];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const url = await new Promise<string>((resolve) => {
    child.stdout!.on('data', (text) => {
      const found = /^listening on (\S+),/m.exec(String(text))?.[1];
      if (found !== undefined) resolve(found);
    });
  });
  return { url, child };
}

test('a client goes on with a replica when a sidecar is stopped (SIGSTOP), and loses no batch', async () => {
  const [first, second] = await Promise.all([serve(), serve()]);
  const client = await connect([first.url, second.url], { timeout: 3000 });
  const digest = new StreamDigest(client.planId);
  // More than sockets hold, so that the stream of the first can't be whole when it stops.
  const steps = 5000;
  let seen = 0;
  for await (const { batch } of client.batches({ steps })) {
    if (++seen === 3) first.child.kill('SIGSTOP');
    digest.update(batch);
  }
  expect(seen).toBe(steps);
  const { stdout } = await maskloom('verify', ...stream(), '--steps', `${steps}`);
  expect(stdout).toContain(`digest ${digest.hex()}\n`);
  // Then nobody is left.
  second.child.kill('SIGSTOP');
  const late = await connect(second.url, { timeout: 300, attempts: 2 }).catch((error) => error);
  expect(late).toMatchObject({ code: 'SIDECAR_GONE', cause: { code: 'SIDECAR_TIMEOUT' } });
});
