import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Child, Children } from './children.ts';
import { DemoError } from './errors.ts';
import type { Sidecar } from './maskloom.ts';

export interface TrainOptions {
  readonly url: string;
  /** The sidecar of the held-out documents. */
  readonly evalUrl: string;
  readonly steps: number;
  /** Steps between evaluations. */
  readonly evalEvery: number;
  /** Batches of an evaluation. */
  readonly evalSteps: number;
  readonly seed: string;
  /** Where the trainer writes its JSON lines. */
  readonly log: string;
}

/** Starts the trainer; it shows its progress on stderr. */
export function startTrainer(children: Children, root: string, options: TrainOptions): Child {
  const { url, evalUrl, steps, evalEvery, evalSteps, seed, log } = options;
  const app = join(root, 'apps/trainer');
  // Without dropout a short run learns more.
  const args = ['--url', url, '--steps', steps, '--eval-url', evalUrl, '--dropout', 0];
  const evaluation = ['--eval-every', evalEvery, '--eval-steps', evalSteps];
  return children.start(
    denoPath(app),
    [
      ...['run', '-A', join(app, 'src/main.ts')],
      ...[...args, ...evaluation, '--log', log, '--seed', seed].map(String),
    ],
    { name: 'the trainer' },
  );
}

/** Waits for the trainer, but no longer than its sidecars live. */
export async function trainerEnds(trainer: Child, sidecars: readonly Sidecar[]): Promise<void> {
  const early = sidecars.map(async ({ child }) => {
    await child.ended;
    throw new DemoError('CHILD', `${child.name} ended while the trainer ran`);
  });
  await Promise.race([trainer.ended, ...early]);
}

/** Deno itself: the script of the same name in .bin waits for it without passing signals on. */
export function denoPath(app: string): string {
  const require = createRequire(join(app, 'package.json'));
  const installed = require('deno/install_api.cjs') as { runInstall(): string };
  return installed.runInstall();
}
