import { ArgumentError, effectiveRate, sentenceOrder } from '@maskloom/core';
import {
  checkDataset,
  createPlan,
  type Plan,
  planId,
  type RateSchedule,
  stepsPerEpoch,
} from '@maskloom/loader';
import { canonicalJson, type Json, openDataset } from '@maskloom/shards';
import { Command, Option } from 'commander';
import { integer, path, rates, seed, share } from '../options.ts';
import {
  cappedStrategies,
  type StrategyName,
  type StrategyOptions,
  strategies,
} from '../strategies.ts';
import { writeAtomically } from '../write-atomically.ts';

interface PlanCommandOptions extends StrategyOptions {
  readonly data: string;
  readonly out: string;
  readonly seed: bigint;
  readonly strategy: StrategyName;
  readonly sentenceOrder?: true;
  readonly rates?: RateSchedule;
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
    .requiredOption('--data <folder>', 'the dataset', path)
    .requiredOption('--out <file>', 'where to write the plan', path)
    .addOption(
      new Option('--seed <integer>', 'seed of masks and order').argParser(seed).default(42n, '42'),
    )
    .addOption(
      new Option('--strategy <name>', 'what to hide')
        .choices(Object.keys(strategies))
        .default('token'),
    )
    .option('--sentence-order', 'ask for the order of two segments as well (ALBERT)')
    .option('--rate <share>', "share of the tokens to select (default: the strategy's)", share)
    .option(
      '--rates <schedule>',
      'the rate over the run, such as step:0=0.3,10000=0.15 (lines between) or epoch:0=0.4,10=0.15',
      rates,
    )
    .option('--mask <share>', 'share of those that become the mask token', share)
    .option('--random <share>', 'share of those that become a random token', share)
    .option('--keep <share>', 'share of those that stay as they are', share)
    .option('--max-predictions <count>', 'selected tokens of a sample at most', integer(0))
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
  const { data, out, strategy, sentenceOrder: ordered, ...rest } = options;
  if (options.maxPredictions !== undefined && !cappedStrategies.includes(strategy)) {
    throw new ArgumentError(
      '--max-predictions',
      `given with ${cappedStrategies.join(', ')} only`,
      options.maxPredictions,
    );
  }
  const dataset = await openDataset(data);
  const masking = strategies[strategy](options, dataset.manifest.longest);
  const plan = createPlan({
    ...rest,
    strategy: ordered ? sentenceOrder(masking) : masking,
    dataset,
  });
  checkDataset(plan, dataset);
  await writeAtomically(out, `${canonicalJson(plan as unknown as Json)}\n`);
  console.log(`plan ${planId(plan)}`);
  console.log(`steps per epoch ${stepsPerEpoch(plan)}`);
  if (plan.rates === undefined) console.log(`effective rate ${effectiveRate(plan.strategy)}`);
  else {
    const { over, points } = plan.rates;
    const parts = points.map(([at, rate]) => `${rate / 1_000_000} at ${over} ${at}`);
    console.log(`rates ${parts.join(', ')}`);
  }
}
