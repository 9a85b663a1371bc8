/** @file `npm run experiment`: trains what is not trained yet, and writes the reports once all is there. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { Children, cacheKey, Maskloom } from '@maskloom/demo';
import { Command, InvalidArgumentError, Option } from 'commander';
import { prepareData } from './data.ts';
import { jobsOf, type Runner, readResult, runJobs } from './jobs.ts';
import { type Measures, measure } from './measures.ts';

import { writeReport } from './report/write-report.ts';
import * as setup from './setup.ts';
import { studies } from './studies.ts';
import { train, type Workshop } from './train.ts';

interface Options {
  readonly study: string;
  readonly minutes: number;
  readonly jobs: number;
  readonly report: boolean;
}

const root = fileURLToPath(new URL('../../../', import.meta.url));
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => stopping.abort());
}

const options = new Command('experiment')
  .description('train the arms of a study, as far as time allows, and write its report')
  .addOption(
    new Option('--study <name>', 'which study')
      .choices(['all', ...studies.map(({ name }) => name)])
      .default('all'),
  )
  .option('--minutes <count>', 'begin no run after so many minutes', positive, 25)
  .option('--jobs <count>', 'runs at once, each on one core', positive, 2)
  .option('--report', 'train nothing: write the reports again', false)
  .parse()
  .opts<Options>();
const children = new Children(stopping.signal, () => {});
try {
  await main(options);
} catch (error) {
  if (!stopping.signal.aborted) throw error;
  process.exitCode = 130;
} finally {
  await children.stop();
}

async function main({ study, minutes, jobs, report }: Options): Promise<void> {
  const began = performance.now();
  const maskloom = new Maskloom(children, root);
  const data = await prepareData(children, maskloom, root);
  const workshop: Workshop = { root, children, maskloom, data };
  const chosen = studies.filter(({ name }) => study === 'all' || name === study);
  const folder = join(root, '.cache/experiments/runs');
  await mkdir(folder, { recursive: true });
  const runner: Runner = {
    folder,
    // The trainer's code is not among it: a change of it that changes results is one to the studies' set-up.
    key: await cacheKey([data.key, JSON.stringify(setup)], []),
    jobs,
    train: (job, place) => train(workshop, job, place),
    hasTime: () => !stopping.signal.aborted && (performance.now() - began) / 60_000 < minutes,
    tell: (line) => console.log(line),
  };
  const left = report ? 0 : await runJobs(jobsOf(chosen), runner);
  if (left > 0) {
    console.log(`${left} runs are left: call this again, and it goes on`);
    return;
  }
  for (const one of chosen) {
    const arms = await Promise.all(
      one.arms.map(async (arm) => {
        const results = setup.seeds.map((seed) => readResult({ arm, seed }, runner));
        const found = (await Promise.all(results)).filter((result) => result !== undefined);
        return [arm.name, found] as const;
      }),
    );
    const measures = new Map<string, Measures>();
    for (const arm of one.arms) measures.set(arm.name, await measure(workshop, arm, folder));
    await writeReport(one, { results: new Map(arms), measures, data, root });
    console.log(`wrote docs/experiments/${one.name}.md`);
  }
}

function positive(text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('Expected a number above 0.');
}
