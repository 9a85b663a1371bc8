/** @file `npm run experiment`: trains what is not trained yet, and writes the reports once all is there. */
import { join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { Children, cacheKey, DemoError, Maskloom } from '@maskloom/demo';
import { Command, InvalidArgumentError, Option } from 'commander';
import { prepareData } from './data.ts';
import { jobsOf, type Runner, readResult, runJobs } from './jobs.ts';
import { type Measures, measure } from './measures.ts';
import { writeReport } from './report/write-report.ts';
import type { RunResult } from './result.ts';
import { fullSetup, quickSetup } from './setup.ts';
import { type Study, studies } from './studies.ts';
import { train, type Workshop } from './train.ts';

interface Options {
  readonly study: string;
  readonly minutes: number;
  readonly jobs: number;
  readonly reportOnly: boolean;
  readonly quick?: string;
}

/** Where results are kept, and reports go. */
interface Places {
  readonly results: string;
  readonly reports: string;
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
  .option('--jobs <count>', 'runs at once, each on one core', wholeNumber, 2)
  .option('--report-only', 'train nothing: write the reports of what is there', false)
  .option('--quick <folder>', 'a few steps of each run, to try it; results and reports go there')
  .parse()
  .opts<Options>();
const children = new Children(stopping.signal, () => {});
try {
  await main(options);
} catch (error) {
  if (stopping.signal.aborted) process.exitCode = 130;
  else {
    if (!(error instanceof DemoError)) throw error;
    console.error(`${error.message}\nWhat is done stays: call this again, and it goes on`);
    process.exitCode = 1;
  }
} finally {
  await children.stop();
}

async function main({ study, minutes, jobs, reportOnly, quick }: Options): Promise<void> {
  const began = performance.now();
  const setup = quick === undefined ? fullSetup : quickSetup;
  const places = placesOf(quick);
  const maskloom = new Maskloom(children, root);
  const data = await prepareData(children, maskloom, root, setup);
  const workshop: Workshop = { root, children, maskloom, data, setup };
  const chosen = studies.filter(({ name }) => study === 'all' || name === study);
  const runner: Runner = {
    folder: places.results,
    // The trainer's code is not among it: a change of it that changes results is one to the studies' set-up.
    key: await cacheKey([data.key, JSON.stringify(setup)], []),
    jobs,
    train: (job, place) => train(workshop, job, place),
    hasTime: () => !stopping.signal.aborted && (performance.now() - began) / 60_000 < minutes,
    tell: (line) => console.log(line),
  };
  if (!reportOnly) {
    const left = await runJobs(jobsOf(chosen, setup.seeds), runner);
    if (left > 0) {
      console.log(`${left} runs are left: call this again, and it goes on`);
      return;
    }
  }
  for (const one of chosen) await report(one, workshop, runner, places);
}

/** Writes the report of a study all runs of which are done. */
async function report(
  study: Study,
  workshop: Workshop,
  runner: Runner,
  places: Places,
): Promise<void> {
  const { data, setup } = workshop;
  const results = new Map<string, readonly RunResult[]>();
  for (const arm of study.arms) {
    const jobs = jobsOf([{ ...study, arms: [arm] }], setup.seeds);
    const found = await Promise.all(jobs.map((job) => readResult(job, runner)));
    const done = found.filter((result) => result !== undefined);
    if (done.length < jobs.length) {
      console.log(
        `no report of ${study.name}: ${done.length} of ${jobs.length} runs of ${arm.name} are done`,
      );
      return;
    }
    results.set(arm.name, done);
  }
  const measures = new Map<string, Measures>();
  for (const arm of study.arms) {
    measures.set(arm.name, await measure(workshop, arm, places.results));
  }
  await writeReport(study, { results, measures, data, setup, folder: places.reports });
  console.log(`wrote ${join(places.reports, `${study.name}.md`)}`);
}

function placesOf(quick: string | undefined): Places {
  if (quick !== undefined)
    return { results: join(resolve(quick), 'runs'), reports: resolve(quick) };
  return {
    results: join(root, '.cache/experiments/runs'),
    reports: join(root, 'docs/experiments'),
  };
}

function positive(text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('Expected a number above 0.');
}

function wholeNumber(text: string): number {
  if (/^[1-9][0-9]{0,3}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected an integer from 1.');
}
