import { explainPlan, type Plan } from '@maskloom/loader';
import { Command } from 'commander';
import { Datasets } from '../../datasets.ts';
import { path, paths } from '../../options.ts';
import { readDocument } from '../../plan-file.ts';

interface ExplainCommandOptions {
  readonly data?: readonly string[];
}

/** `maskloom plan explain`: a plan in plain words. */
export function explainCommand(): Command {
  return new Command('explain')
    .description('say in plain words what a plan, or the stages of a run, fixes')
    .argument('<file>', 'the plan, or stages', path)
    .option(
      '--data <folder>',
      'its datasets, to tell how much memory a batch takes (may be repeated)',
      paths,
    )
    .action(run);
}

async function run(file: string, { data }: ExplainCommandOptions): Promise<void> {
  const document = await readDocument(file);
  const datasets = data === undefined ? undefined : new Datasets(data);
  if (document.type === 'plan') return await print(document.plan, datasets);
  console.log(`stages ${document.id}`);
  for (const [stage, { plan, from, steps }] of document.stages.stages.entries()) {
    console.log(`\nstage ${stage}: ${steps} steps from epoch ${from.epoch}, step ${from.step} on`);
    await print(plan, datasets);
  }
}

async function print(plan: Plan, datasets: Datasets | undefined): Promise<void> {
  const facts = await explainPlan(plan, await datasets?.of(plan));
  const width = Math.max(...facts.map(({ about }) => about.length));
  for (const { about, text } of facts) console.log(`${about.padEnd(width)}  ${text}`);
}
