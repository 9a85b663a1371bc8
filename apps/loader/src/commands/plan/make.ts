import { ArgumentError, effectiveRate, sentenceOrder } from '@maskloom/core';
import {
  checkDatasets,
  createPlan,
  longestOutputs,
  type PlanOptions,
  planId,
  type RateSchedule,
  sampleLengths,
  stepsPerEpoch,
} from '@maskloom/loader';
import { canonicalJson, type Dataset, type Json } from '@maskloom/shards';
import { Command, Option } from 'commander';
import { type BatchingOptions, batchingOf, withBatchingOptions } from '../../batching-options.ts';
import { Datasets, type WeightedFolder, weightedFolders } from '../../datasets.ts';
import {
  integer,
  meanLength,
  memory,
  memoryOption,
  modes,
  path,
  randomWords,
  rates,
  seed,
  sentinels,
  share,
} from '../../options.ts';
import {
  checkOptions,
  type StrategyName,
  type StrategyOptions,
  strategies,
  wordStrategies,
} from '../../strategies.ts';
import { writeAtomically } from '../../write-atomically.ts';

interface MakeCommandOptions extends StrategyOptions, BatchingOptions {
  readonly data: readonly WeightedFolder[];
  readonly out: string;
  readonly seed: bigint;
  readonly strategy: StrategyName;
  readonly sentenceOrder?: true;
  readonly rates?: RateSchedule;
  readonly mode: 'dynamic' | 'static';
  readonly copies?: number;
  readonly memory?: number;
}

/** `maskloom plan make`: fixes a stream of batches in a JSON file. */
export function makeCommand(): Command {
  const command = new Command('make')
    .description(
      'fix a stream of batches: write its plan (`maskloom plan` without a command does this)',
    )
    .requiredOption(
      '--data <folder[=weight]>',
      'the dataset; several times, with weights, to mix datasets',
      weightedFolders,
    )
    .requiredOption('--out <file>', 'where to write the plan', path)
    .addOption(
      new Option('--seed <integer>', 'seed of masks and order').argParser(seed).default(42n, '42'),
    )
    .addOption(
      new Option('--strategy <name>', 'what to hide')
        .choices(Object.keys(strategies))
        .default('token'),
    )
    .addOption(
      new Option(
        '--unit <kind>',
        "where whole words begin: as the vocabulary tells, or as the dataset's column says (default: word)",
      ).choices(['word', 'column']),
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
    .option(
      '--random-words <distribution>',
      'draw random tokens from all ids alike (uniform, the default), or as often as the dataset has them (unigram)',
      randomWords,
    )
    .option('--max-predictions <count>', 'selected tokens of a sample at most', integer(0))
    .option('--mean-length <tokens>', 't5: mean tokens of a span (default: 3)', meanLength)
    .option(
      '--sentinels <first:count>',
      "t5, ul2: ids for spans, the first being the highest (default: the tokenizer's)",
      sentinels,
    )
    .option('--end <id>', "t5, ul2: what ends a target (default: the tokenizer's)", integer(0))
    .option('--modes <r,s,x>', 'ul2: ids in front of the input that tell R, S and X apart', modes)
    .addOption(
      new Option('--mode <mode>', 'new masks each epoch, or the same each time')
        .choices(['dynamic', 'static'])
        .default('dynamic'),
    )
    .option('--copies <count>', 'static: sets of masks, shown in turn (default: 1)', integer(1));
  return withBatchingOptions(command)
    .option(...memoryOption, memory)
    .action(run);
}

async function run(options: MakeCommandOptions): Promise<void> {
  const { data, out, strategy, sentenceOrder: ordered, seed, mode, copies, rates } = options;
  checkOptions(strategy, options);
  const folders = new Datasets(
    data.map(({ folder }) => folder),
    options.memory,
  );
  const datasets = await folders.all();
  for (const dataset of datasets) {
    if (options.unit === undefined && wordStrategies.includes(strategy)) checkWords(dataset);
  }
  const longestSample = Math.max(...datasets.map(({ manifest }) => manifest.longest));
  const masking = strategies[strategy](withIds(options, datasets[0]!), longestSample);
  const batching = batchingOf(options);
  const plan = createPlan({
    ...batching,
    seed,
    mode,
    ...(copies === undefined ? {} : { copies }),
    ...(rates === undefined ? {} : { rates }),
    strategy: ordered ? sentenceOrder(masking) : masking,
    ...weighted(data, batching.rows === undefined ? datasets : await withLengths(datasets)),
  });
  checkDatasets(plan, datasets);
  const longest = await Promise.all(datasets.map((dataset) => longestOutputs(plan, dataset)));
  await writeAtomically(out, `${canonicalJson(plan as unknown as Json)}\n`);
  console.log(`plan ${planId(plan)}`);
  console.log(`steps per epoch ${stepsPerEpoch(plan)}`);
  if (plan.strategy.type === 'span-corruption') {
    const inputs = Math.max(...longest.map((outputs) => outputs.inputs));
    const labels = Math.max(...longest.map((outputs) => outputs.labels));
    console.log(`longest input ${inputs}, longest target ${labels}`);
  }
  if (plan.rates === undefined) console.log(`effective rate ${effectiveRate(plan.strategy)}`);
  else {
    const { over, points } = plan.rates;
    const parts = points.map(([at, rate]) => `${rate / 1_000_000} at ${over} ${at}`);
    console.log(`rates ${parts.join(', ')}`);
  }
}

/** Of what is not in memory, lengths have to be read before they can be asked for. */
async function withLengths(datasets: readonly Dataset[]): Promise<Dataset[]> {
  return await Promise.all(
    datasets.map(async (dataset) => ({ ...dataset, length: await sampleLengths(dataset) })),
  );
}

/** One dataset, or a mixture of several by their weights. */
function weighted(
  folders: readonly WeightedFolder[],
  datasets: readonly Dataset[],
): Pick<PlanOptions, 'dataset' | 'datasets'> {
  const [first] = folders;
  if (folders.length === 1 && first!.weight === undefined) return { dataset: datasets[0]! };
  return {
    datasets: folders.map(({ folder, weight }, number) => {
      if (weight === undefined || folders.length === 1) {
        throw new ArgumentError(
          '--data',
          folders.length === 1
            ? 'no weight for a dataset by itself'
            : 'a weight for each dataset of a mixture, such as data/wiki=3',
          weight === undefined ? folder : `${folder}=${weight}`,
        );
      }
      return { dataset: datasets[number]!, weight };
    }),
  };
}

/** Fills in the ids that span corruption adds, where the vocabulary has them. */
function withIds(options: StrategyOptions, { manifest: { vocab } }: Dataset): StrategyOptions {
  const { sentinels = vocab.sentinels, end = vocab.endId } = options;
  return {
    ...options,
    ...(sentinels === undefined ? {} : { sentinels }),
    ...(end === undefined ? {} : { end }),
  };
}

/** Refuses whole words of a vocabulary that can't tell them: each token would be one, and nobody told. */
function checkWords({ directory, manifest }: Dataset): void {
  if (manifest.vocab.continuationIds.length > 0) return;
  throw new ArgumentError(
    'number of continuation ids',
    'at least 1, since the strategy hides whole words',
    0,
    manifest.columns.includes('units')
      ? `give --unit column, since ${directory} has the column, or --unit word if each token is a word`
      : 'encode the text with --units and give --unit column, or --unit word if each token is a word',
  );
}
