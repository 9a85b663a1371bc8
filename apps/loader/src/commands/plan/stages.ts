import { createStages, planId, type StageOptions, stagesId } from '@maskloom/loader';
import { canonicalJson, type Json } from '@maskloom/shards';
import { Command, InvalidArgumentError } from 'commander';
import { path } from '../../options.ts';
import { readPlan } from '../../plan-file.ts';
import { writeAtomically } from '../../write-atomically.ts';

type StageText = Omit<StageOptions, 'plan'> & { readonly file: string };

interface StagesCommandOptions {
  readonly stage: readonly StageText[];
  readonly out: string;
}

/** `maskloom plan stages`: puts plans one after the other. */
export function stagesCommand(): Command {
  return new Command('stages')
    .description('fix a run in stages (such as 128 tokens and then 512): write its list of plans')
    .requiredOption(
      '--stage <stage>',
      'a plan and how long it lasts, such as short.json=9000 (steps) or short.json=3epochs; with @epoch,step where it starts (default: behind the samples that the stage before has seen, if both have one order of samples; else its first batch). Once for each stage, in their order',
      stage,
    )
    .requiredOption('--out <file>', 'where to write the stages', path)
    .action(run);
}

async function run({ stage: texts, out }: StagesCommandOptions): Promise<void> {
  const list: StageOptions[] = [];
  for (const { file, ...rest } of texts) list.push({ plan: await readPlan(file), ...rest });
  const stages = createStages(list);
  await writeAtomically(out, `${canonicalJson(stages as unknown as Json)}\n`);
  console.log(`stages ${stagesId(stages)}`);
  for (const [number, { plan, from, steps }] of stages.stages.entries()) {
    const start = `from epoch ${from.epoch}, step ${from.step} on`;
    console.log(`stage ${number} plan ${planId(plan)}, ${steps} steps ${start}`);
  }
}

/** Reads one stage more from the command line. */
function stage(text: string, before: readonly StageText[] = []): readonly StageText[] {
  const form = /^(.+)=([1-9][0-9]{0,14})(epochs?)?(?:@([0-9]{1,10}),([0-9]{1,15}))?$/;
  const [, file, length, epochs, epoch, step] = form.exec(text) ?? [];
  if (file === undefined) {
    throw new InvalidArgumentError(
      'Expected something like short.json=9000 or short.json=3epochs.',
    );
  }
  const lasts = epochs === undefined ? { steps: Number(length) } : { epochs: Number(length) };
  const from = epoch === undefined ? {} : { from: { epoch: Number(epoch), step: Number(step) } };
  return [...before, { file, ...lasts, ...from }];
}
