import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { connect } from '@maskloom/client';
import { type Children, denoPath, type Maskloom, trainerEnds } from '@maskloom/demo';
import type { Data } from './data.ts';
import type { Evaluation, RunResult } from './result.ts';
import type { Setup } from './setup.ts';
import type { Arm } from './studies.ts';

/** What a run is started with. */
export interface Workshop {
  readonly root: string;
  readonly children: Children;
  readonly maskloom: Maskloom;
  readonly data: Data;
  readonly setup: Setup;
}

/** One arm with one seed. */
export interface Job {
  readonly arm: Arm;
  readonly seed: string;
}

/** Trains once: a plan, two sidecars, and the trainer. Its files go to `folder`. */
export async function train(
  { root, children, maskloom, data, setup }: Workshop,
  { arm, seed }: Job,
  folder: string,
): Promise<RunResult> {
  const { batch, evalEvery, steps, trainer } = setup;
  const plan = join(folder, 'plan.json');
  const log = join(folder, 'log.jsonl');
  await maskloom.plan(plan, data.train, { ...arm.masks, seed, batch });
  const sidecars = await Promise.all([
    maskloom.serve(plan, data.train, 1),
    maskloom.serve(data.evalPlan, data.heldOut, 1),
  ]);
  try {
    const [url, evalUrl] = sidecars.map((sidecar) => sidecar.url) as [string, string];
    const app = join(root, 'apps/trainer');
    const options = {
      ...{ ...trainer, url, steps, seed, log, threads: 1, device: 'wasm' },
      ...{ 'eval-url': evalUrl, 'eval-every': evalEvery, 'eval-steps': 0 },
    };
    const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const child = children.start(denoPath(app), ['run', '-A', join(app, 'src/main.ts'), ...words], {
      name: 'the trainer',
      stderr: 'keep',
    });
    await trainerEnds(child, sidecars);
    const [{ planId }, { planId: evalPlanId }] = [await connect(url), await connect(evalUrl)];
    const commit = await commitOf(root);
    return { arm: arm.name, seed, planId, evalPlanId, commit, ...(await readLog(log)) };
  } finally {
    await Promise.all(sidecars.map(({ child }) => child.stop()));
  }
}

/** Lines of the trainer's log, as far as they matter here. */
type LogLine =
  | {
      readonly type: 'step';
      readonly loss: number;
      readonly seconds: number;
      readonly waiting: number;
    }
  | ({ readonly type: 'eval' } & Evaluation)
  | { readonly type: 'end'; readonly digest: string }
  | { readonly type: 'start' | 'checkpoint' };

async function readLog(
  path: string,
): Promise<Omit<RunResult, 'arm' | 'seed' | 'planId' | 'evalPlanId' | 'commit'>> {
  const lines = (await readFile(path, 'utf8')).trim().split('\n');
  const events = lines.map((line) => JSON.parse(line) as LogLine);
  const of = <Type extends LogLine['type']>(type: Type) =>
    events.filter((event): event is Extract<LogLine, { type: Type }> => event.type === type);
  const taken = of('step');
  const sum = (key: 'seconds' | 'waiting'): number =>
    taken.reduce((total, step) => total + step[key], 0);
  return {
    digest: of('end')[0]!.digest,
    losses: taken.map(({ loss }) => loss),
    evaluations: of('eval').map(({ step, loss, accuracy }) => ({ step, loss, accuracy })),
    seconds: sum('seconds'),
    waiting: sum('waiting'),
    date: new Date().toISOString().slice(0, 10),
    machine: `${availableParallelism()} × ${cpus()[0]?.model.trim() || 'unknown processor'}`,
  };
}

async function commitOf(root: string): Promise<string> {
  const { stdout } = await promisify(execFile)('git', ['rev-parse', '--short=12', 'HEAD'], {
    cwd: root,
  });
  return stdout.trim();
}
