import {
  ArgumentError,
  createMasker,
  ignoredLabel,
  maskEpoch,
  strategyFromPlan,
  toMode,
  toUint64,
} from '@maskloom/core';
import { checkDataset, rateOf } from '@maskloom/loader';
import { openDataset } from '@maskloom/shards';
import { Command, Option } from 'commander';
import { integer, path, seed } from '../options.ts';
import { readPlan } from '../plan-file.ts';

interface PreviewCommandOptions {
  readonly plan: string;
  readonly data: string;
  readonly tokenizer: string;
  readonly sample: bigint;
  readonly epoch: number;
  readonly epochs: number;
  readonly mode?: 'dynamic' | 'static';
  readonly copies?: number;
  readonly json?: true;
}

/** What became of a token. */
type Action = 'none' | 'mask' | 'random' | 'keep';

interface PreviewToken {
  /** The original token. */
  readonly text: string;
  /** What the model sees. */
  readonly shown: string;
  readonly action: Action;
}

/** `maskloom preview`: shows a sample as the epochs mask it. */
export function previewCommand(): Command {
  return new Command('preview')
    .description('show how a sample is masked, epoch by epoch')
    .requiredOption('--plan <file>', 'the plan', path)
    .requiredOption('--data <folder>', 'its dataset', path)
    .requiredOption('--tokenizer <folder>', 'the tokenizer it was encoded with', path)
    .addOption(new Option('--sample <id>', 'which sample').argParser(seed).default(0n, '0'))
    .option('--epoch <number>', 'first epoch', integer(0), 0)
    .option('--epochs <count>', 'how many epochs', integer(1), 4)
    .addOption(
      new Option('--mode <mode>', "instead of the plan's mode").choices(['dynamic', 'static']),
    )
    .option('--copies <count>', 'with --mode static: sets of masks', integer(1))
    .option('--json', 'print JSON')
    .action(run);
}

async function run(options: PreviewCommandOptions): Promise<void> {
  if (options.copies !== undefined && options.mode !== 'static') {
    throw new ArgumentError('copies', 'none without --mode static', options.copies);
  }
  const plan = await readPlan(options.plan);
  const dataset = await openDataset(options.data);
  checkDataset(plan, dataset);
  // Loaded here: the tokenizer library is large, and other commands do without it.
  const { loadTokenizer } = await import('@maskloom/text');
  const tokenizer = await loadTokenizer(options.tokenizer);
  if (tokenizer.digest !== dataset.manifest.tokenizer) {
    throw new ArgumentError(
      'tokenizer',
      `the one that ${options.data} was encoded with (SHA-256 ${dataset.manifest.tokenizer}; this is ${tokenizer.digest})`,
      options.tokenizer,
    );
  }
  const sample = toUint64('sample', options.sample);
  const [{ base, rows }] = plan.datasets;
  const row = Number(sample - BigInt(base));
  if (row < 0 || row >= rows) {
    const last = BigInt(base) + BigInt(rows) - 1n;
    throw new ArgumentError('sample', `an id from ${base} to ${last}`, String(sample));
  }
  const ids = dataset.sample(row);
  const segment = dataset.segment(row);
  const mode = toMode(options.mode === undefined ? plan : options);
  const masker = createMasker({
    vocab: dataset.manifest.vocab,
    seed: BigInt(plan.seed),
    strategy: strategyFromPlan(plan.strategy),
    ...mode,
  });
  const { maskId } = dataset.manifest.vocab;
  const epochs = Array.from({ length: options.epochs }, (_, index) => {
    const epoch = options.epoch + index;
    // Over steps, a sample's rate is known by its batch only: this shows the epoch's first.
    const rate = mode.mode === 'static' ? undefined : rateOf(plan, epoch, 0);
    const { inputIds, labels, sentenceLabel } = masker.mask(ids, { epoch, sample, segment, rate });
    // Sentence order may have moved tokens: the originals are what the labels restore.
    const originals = inputIds.map((id, position) =>
      labels[position] === ignoredLabel ? id : labels[position]!,
    );
    const texts = tokenizer.tokens([...originals]);
    const shown = tokenizer.tokens([...inputIds]);
    const tokens = texts.map((text, position): PreviewToken => {
      const action = actionOf(originals[position]!, inputIds[position]!, labels[position]!, maskId);
      return { text, shown: shown[position]!, action };
    });
    return { epoch, maskEpoch: maskEpoch(mode, epoch), sentenceLabel, tokens };
  });
  if (options.json) console.log(JSON.stringify({ sample: String(sample), ...mode, epochs }));
  else for (const { epoch, tokens } of epochs) console.log(`epoch ${epoch}  ${line(tokens)}`);
}

function actionOf(original: number, shown: number, label: number, maskId: number): Action {
  if (label === ignoredLabel) return 'none';
  if (shown === maskId) return 'mask';
  return shown === original ? 'keep' : 'random';
}

/** Words as they read, [MASK] where masked, *random* and _kept_ marked. */
function line(tokens: readonly PreviewToken[]): string {
  const marks = { none: '', mask: '', random: '*', keep: '_' };
  return tokens.map(({ shown, action }) => `${marks[action]}${shown}${marks[action]}`).join(' ');
}
