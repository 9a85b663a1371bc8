import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openDataset } from '@maskloom/shards';
import type { Data } from '../data.ts';
import type { Measures } from '../measures.ts';
import { colors } from '../plots/chart.ts';
import type { RunResult } from '../result.ts';
import { batch } from '../setup.ts';
import type { Arm, Study } from '../studies.ts';
import { summarise } from '../summary.ts';
import { gapChart, heldOutChart, lossChart } from './charts.ts';
import { page } from './page.ts';

/** What a report is written from. */
export interface ReportInput {
  readonly results: ReadonlyMap<string, readonly RunResult[]>;
  readonly measures: ReadonlyMap<string, Measures>;
  readonly data: Data;
  readonly root: string;
}

/** Writes `docs/experiments/STUDY.md` and its plots. */
export async function writeReport(study: Study, input: ReportInput): Promise<void> {
  const { results, measures, data, root } = input;
  const train = await openDataset(data.train);
  const heldOut = await openDataset(data.heldOut);
  const stepsPerEpoch = Math.floor(train.rows / batch);
  const summaries = summarise(
    study,
    ({ name }: Arm) => results.get(name) ?? [],
    ({ name }: Arm) => measures.get(name)!,
    stepsPerEpoch,
  );
  const colored = summaries.map((summary, index) => ({ ...summary, color: colors[index]! }));
  const folder = join(root, 'docs/experiments');
  await mkdir(folder, { recursive: true });
  const write = (name: string, content: string): Promise<void> =>
    writeFile(join(folder, name), content);
  await write(`${study.name}-loss.svg`, lossChart(study, colored));
  await write(`${study.name}-held-out.svg`, heldOutChart(study, colored));
  await write(`${study.name}-gap.svg`, gapChart(study, colored, stepsPerEpoch));
  const size = {
    ...{ samples: train.rows, tokens: train.manifest.tokens, stepsPerEpoch },
    ...{ heldOutSamples: heldOut.rows, text: data.title },
  };
  await write(`${study.name}.md`, page(study, summaries, size));
}
