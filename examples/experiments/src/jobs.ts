import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunResult } from './result.ts';
import type { Study } from './studies.ts';
import type { Job } from './train.ts';

/** Runs jobs, and remembers what they came to. */
export interface Runner {
  /** Folder of the results. */
  readonly folder: string;
  /** Names all that a result depends on, beside its job. */
  readonly key: string;
  readonly train: (job: Job, folder: string) => Promise<RunResult>;
  /** Jobs that run at once. */
  readonly jobs: number;
  /** Whether another job may begin. */
  readonly hasTime: () => boolean;
  readonly tell: (line: string) => void;
}

/** The jobs of studies, each once; seed by seed, so that what is there when time is up can be compared. */
export function jobsOf(studies: readonly Study[], seeds: readonly string[]): Job[] {
  const arms = new Map(studies.flatMap(({ arms }) => arms.map((arm) => [arm.name, arm])));
  return seeds.flatMap((seed) => [...arms.values()].map((arm) => ({ arm, seed })));
}

/** Does what is not done yet, as far as there is time; how many jobs are left. */
export async function runJobs(jobs: readonly Job[], runner: Runner): Promise<number> {
  await mkdir(runner.folder, { recursive: true });
  const waiting: Job[] = [];
  for (const job of jobs) if ((await readResult(job, runner)) === undefined) waiting.push(job);
  runner.tell(`${jobs.length - waiting.length} of ${jobs.length} runs are done`);
  const lane = async (): Promise<void> => {
    while (runner.hasTime()) {
      const job = waiting.shift();
      if (job === undefined) return;
      await runJob(job, runner);
      runner.tell(`${job.arm.name}, seed ${job.seed}: done; ${waiting.length} to begin`);
    }
  };
  await Promise.all(Array.from({ length: runner.jobs }, lane));
  return waiting.length;
}

async function runJob(job: Job, runner: Runner): Promise<void> {
  const file = fileOf(job, runner);
  const folder = `${file}.${process.pid}`;
  await mkdir(folder, { recursive: true });
  try {
    const result = await runner.train(job, folder);
    const draft = join(folder, 'result.json');
    await writeFile(draft, `${JSON.stringify(result)}\n`);
    await rename(draft, file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What a job came to; undefined if it was not done. */
export async function readResult(
  job: Job,
  runner: Pick<Runner, 'folder' | 'key'>,
): Promise<RunResult | undefined> {
  try {
    return JSON.parse(await readFile(fileOf(job, runner), 'utf8')) as RunResult;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function fileOf({ arm, seed }: Job, { folder, key }: Pick<Runner, 'folder' | 'key'>): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([key, arm.masks, seed]))
    .digest('hex');
  return join(folder, `${arm.name}-seed-${seed}-${hash.slice(0, 12)}.json`);
}
