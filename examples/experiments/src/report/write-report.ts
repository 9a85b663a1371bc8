import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { openDataset } from '@maskloom/shards';
import type { Data } from '../data.ts';
import { frequencyGuess } from '../frequency-guess.ts';
import type { Measures } from '../measures.ts';
import { colors } from '../plots/chart.ts';
import type { RunResult } from '../result.ts';
import type { Setup } from '../setup.ts';
import { hidesAlike, type Study } from '../studies.ts';
import { summarise } from '../summary.ts';
import { bestChart, type ColoredSummary, gapChart, heldOutChart, lossChart } from './charts.ts';
import { type DataSize, page } from './page.ts';

/** What a report is written from. */
export interface ReportInput {
  /** By the arms' names, as are the measures. */
  readonly results: ReadonlyMap<string, readonly RunResult[]>;
  readonly measures: ReadonlyMap<string, Measures>;
  readonly data: Data;
  readonly setup: Setup;
  readonly folder: string;
}

/** Writes `STUDY.md` and its plots. */
export async function writeReport(study: Study, input: ReportInput): Promise<void> {
  const { results, measures, data, setup, folder } = input;
  const size = await sizeOf(data, setup);
  const summaries = summarise(
    study,
    ({ name }) => results.get(name)!,
    ({ name }) => measures.get(name)!,
    size.stepsPerEpoch,
  );
  const colored = summaries.map((summary, index) => ({ ...summary, color: colors[index]! }));
  const files = new Map(Object.entries(plots(study, colored, size, setup)));
  files.set(`${study.name}.md`, page(study, summaries, size, setup));
  await mkdir(folder, { recursive: true });
  for (const [name, content] of files) {
    const draft = join(folder, `${name}.${process.pid}`);
    await writeFile(draft, content);
    await rename(draft, join(folder, name));
  }
}

function plots(
  study: Study,
  arms: readonly ColoredSummary[],
  { stepsPerEpoch }: DataSize,
  { evalEvery }: Setup,
): Record<string, string> {
  return {
    [`${study.name}-loss.svg`]: lossChart(study, arms, evalEvery),
    [`${study.name}-held-out.svg`]: heldOutChart(study, arms),
    [`${study.name}-best.svg`]: bestChart(study, arms),
    ...(hidesAlike(study)
      ? { [`${study.name}-gap.svg`]: gapChart(study, arms, stepsPerEpoch) }
      : {}),
  };
}

async function sizeOf(data: Data, { batch }: Setup): Promise<DataSize> {
  const train = await openDataset(data.train);
  const heldOut = await openDataset(data.heldOut);
  return {
    text: data.title,
    package: data.package,
    samples: train.rows,
    tokens: train.manifest.tokens,
    stepsPerEpoch: Math.floor(train.rows / batch),
    heldOutSamples: heldOut.rows,
    frequencies: await frequencyGuess(data),
  };
}
