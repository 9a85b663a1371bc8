import { type Plan, stepsPerEpoch } from '@maskloom/loader';
import { Command } from 'commander';
import { Datasets } from '../../datasets.ts';
import { path, paths } from '../../options.ts';
import { readDocument } from '../../plan-file.ts';

interface CheckCommandOptions {
  readonly data?: readonly string[];
}

/** `maskloom plan check`: whether a file holds a plan, or stages, and fits its data. */
export function checkCommand(): Command {
  return new Command('check')
    .description('check a plan, or the stages of a run: exit code 0 if it holds, else 1 and why')
    .argument('<file>', 'the plan, or stages', path)
    .option('--data <folder>', 'check that it fits this dataset, too (may be repeated)', paths)
    .action(run);
}

async function run(file: string, { data }: CheckCommandOptions): Promise<void> {
  const document = await readDocument(file);
  const plans: readonly Plan[] =
    document.type === 'plan' ? [document.plan] : document.stages.stages.map(({ plan }) => plan);
  if (data !== undefined) {
    const datasets = new Datasets(data);
    for (const plan of plans) await datasets.of(plan);
  }
  console.log(`${document.type} ${document.id}`);
  if (document.type === 'plan') console.log(`steps per epoch ${stepsPerEpoch(document.plan)}`);
  else {
    const steps = document.stages.stages.reduce((sum, stage) => sum + stage.steps, 0);
    console.log(`steps ${steps} in ${plans.length} stages`);
  }
}
