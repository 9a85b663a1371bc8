import { effectiveRate, tokenMasking } from '@maskloom/core';
import { createPlan, type Plan, planId, stepsPerEpoch } from '@maskloom/loader';
import { canonicalJson, type Json, openDataset } from '@maskloom/shards';
import { Command, Option } from 'commander';
import { integer, seed, share } from '../options.ts';
import { writeAtomically } from '../write-atomically.ts';

interface PlanCommandOptions {
  readonly data: string;
  readonly out: string;
  readonly seed: bigint;
  readonly rate: number;
  readonly mask: number;
  readonly random: number;
  readonly keep: number;
  readonly mode: 'dynamic' | 'static';
  readonly copies?: number;
  readonly order: Plan['order'];
  readonly batch: number;
  readonly last: Plan['last'];
}

/** `maskloom plan`: fixes a stream of batches in a JSON file. */
export function planCommand(): Command {
  return new Command('plan')
    .description('fix a stream of batches: write its plan')
    .requiredOption('--data <folder>', 'the dataset')
    .requiredOption('--out <file>', 'where to write the plan')
    .option('--seed <integer>', 'seed of masks and order', seed, 42n)
    .option('--rate <share>', 'share of the tokens to select', share, 0.15)
    .option('--mask <share>', 'share of those that become the mask token', share, 0.8)
    .option('--random <share>', 'share of those that become a random token', share, 0.1)
    .option('--keep <share>', 'share of those that stay as they are', share, 0.1)
    .addOption(
      new Option('--mode <mode>', 'new masks each epoch, or the same each time')
        .choices(['dynamic', 'static'])
        .default('dynamic'),
    )
    .option('--copies <count>', 'static: sets of masks, shown in turn (default: 1)', integer(1))
    .addOption(
      new Option('--order <order>', 'order of an epoch')
        .choices(['global', 'sequential'])
        .default('global'),
    )
    .option('--batch <rows>', 'rows of the global batch', integer(1), 32)
    .addOption(
      new Option('--last <rule>', "what becomes of the rows left at an epoch's end")
        .choices(['drop', 'short', 'fill'])
        .default('drop'),
    )
    .action(run);
}

async function run(options: PlanCommandOptions): Promise<void> {
  const { data, out, copies, rate, mask, random, keep, ...rest } = options;
  const plan = createPlan({
    ...rest,
    ...(copies === undefined ? {} : { copies }),
    strategy: tokenMasking({ rate, mask, random, keep }),
    dataset: await openDataset(data),
  });
  await writeAtomically(out, `${canonicalJson(plan as unknown as Json)}\n`);
  console.log(`plan ${planId(plan)}`);
  console.log(`steps per epoch ${stepsPerEpoch(plan)}`);
  console.log(`effective rate ${effectiveRate(plan.strategy)}`);
}
