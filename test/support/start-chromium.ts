import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A browser that runs. */
export interface Browser {
  /** Its descriptors 3 and 4 are pipes, to it and from it. */
  readonly child: ChildProcess;
  stop(): Promise<void>;
}

/** Starts headless Chromium with a profile of its own. */
export async function startChromium(
  chromium: string,
  ...words: readonly string[]
): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), 'maskloom-chromium-'));
  const flags = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    `--user-data-dir=${profile}`,
  ];
  const child = spawn(chromium, [...flags, ...words], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  return {
    child,
    async stop() {
      child.kill();
      await ended;
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
