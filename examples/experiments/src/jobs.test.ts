import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { jobsOf, type Runner, readResult, runJobs } from './jobs.ts';
import type { RunResult } from './result.ts';
import { fullSetup } from './setup.ts';
import { studies } from './studies.ts';
import type { Job } from './train.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskloom-jobs-'));
});
afterEach(() => rm(folder, { recursive: true }));

const { seeds } = fullSetup;
const jobs = jobsOf(studies, seeds);

function result({ arm, seed }: Job): RunResult {
  return {
    ...{ arm: arm.name, seed, planId: 'p', evalPlanId: 'e', digest: 'd', losses: [1] },
    ...{ evaluations: [{ step: 1, loss: 1, accuracy: 0 }], seconds: 1, waiting: 0 },
    ...{ commit: 'c', date: '2026-01-01', machine: 'm' },
  };
}

function runner(change: Partial<Runner> = {}): Runner & { readonly done: string[] } {
  const done: string[] = [];
  return {
    ...{ folder, key: 'k', jobs: 2, done, hasTime: () => true, tell() {} },
    async train(job) {
      done.push(`${job.arm.name} ${job.seed}`);
      return result(job);
    },
    ...change,
  };
}

test('every arm of all studies is trained with every seed, once, seed by seed', () => {
  const arms = new Set(studies.flatMap((study) => study.arms.map(({ name }) => name)));
  expect(jobs).toHaveLength(arms.size * seeds.length);
  expect(new Set(jobs.map(({ arm, seed }) => `${arm.name} ${seed}`)).size).toBe(jobs.length);
  expect(jobs.slice(0, arms.size).every(({ seed }) => seed === seeds[0])).toBe(true);
});

test('arms of the same name are the same in all studies', () => {
  const masks = new Map<string, string>();
  for (const { name, masks: of } of studies.flatMap(({ arms }) => arms)) {
    expect(masks.get(name) ?? JSON.stringify(of)).toBe(JSON.stringify(of));
    masks.set(name, JSON.stringify(of));
  }
});

test('what time does not allow is left, and done by the next call, and by none after it', async () => {
  let begun = 0;
  const first = runner({ hasTime: () => begun++ < 5 });
  expect(await runJobs(jobs, first)).toBe(jobs.length - 5);
  expect(first.done).toHaveLength(5);
  const second = runner();
  expect(await runJobs(jobs, second)).toBe(0);
  expect(new Set([...first.done, ...second.done]).size).toBe(jobs.length);
  const third = runner();
  expect(await runJobs(jobs, third)).toBe(0);
  expect(third.done).toEqual([]);
  expect(await readResult(jobs[3]!, third)).toEqual(result(jobs[3]!));
});

test('other data or sizes are trained anew', async () => {
  await runJobs(jobs.slice(0, 3), runner());
  const other = runner({ key: 'other' });
  await runJobs(jobs.slice(0, 3), other);
  expect(other.done).toHaveLength(3);
});

test('a run that fails leaves nothing, and is tried again', async () => {
  const broken = runner({
    jobs: 1,
    train: async () => {
      throw new Error('broken');
    },
  });
  await expect(runJobs(jobs.slice(0, 1), broken)).rejects.toThrow('broken');
  expect(await readdir(folder)).toEqual([]);
  expect(await runJobs(jobs.slice(0, 1), runner())).toBe(0);
});
