import {
  ArgumentError,
  createMasker,
  ignoredLabel,
  type MaskedSample,
  maskEpoch,
  strategyFromPlan,
  toMode,
  toUint64,
} from '@maskloom/core';
import { checkDataset, rateOf } from '@maskloom/loader';
import { openDataset } from '@maskloom/shards';
import type { Tokenizer } from '@maskloom/text';
import { Command, Option } from 'commander';
import { integer, memory, memoryOption, path, seed } from '../options.ts';
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
  readonly memory?: number;
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
    .option(...memoryOption, memory)
    .option('--json', 'print JSON')
    .action(run);
}

async function run(options: PreviewCommandOptions): Promise<void> {
  if (options.copies !== undefined && options.mode !== 'static') {
    throw new ArgumentError('copies', 'none without --mode static', options.copies);
  }
  const plan = await readPlan(options.plan);
  const dataset = await openDataset(options.data, { memory: options.memory });
  // Of a mixture, whichever it is of the plan's datasets.
  const number = plan.datasets.findIndex(({ digest }) => digest === dataset.digest);
  checkDataset(plan, dataset, Math.max(0, number));
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
  const { base, rows } = plan.datasets[number]!;
  const row = Number(sample - BigInt(base));
  if (row < 0 || row >= rows) {
    const last = BigInt(base) + BigInt(rows) - 1n;
    throw new ArgumentError('sample', `an id from ${base} to ${last}`, String(sample));
  }
  using loaded = await dataset.load?.({ rows: [row] });
  const ready = loaded ?? dataset;
  const ids = ready.sample(row);
  const segment = ready.segment(row);
  const units = ready.units(row);
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
    const masked = masker.mask(ids, { epoch, sample, segment, units, rate });
    const shown =
      plan.strategy.type === 'span-corruption'
        ? corrupted(masked, tokenizer)
        : aligned(masked, tokenizer, maskId);
    return { epoch, maskEpoch: maskEpoch(mode, epoch), ...shown };
  });
  if (options.json) console.log(JSON.stringify({ sample: String(sample), ...mode, epochs }));
  else for (const { epoch, ...shown } of epochs) console.log(lines(epoch, shown));
}

/** A sample whose tokens are masked where they are. */
interface Aligned {
  readonly sentenceLabel: 0 | 1 | undefined;
  readonly tokens: readonly PreviewToken[];
}

/** A sample of span corruption: what the encoder sees, and what the decoder is to write. */
interface Corrupted {
  readonly input: readonly string[];
  readonly target: readonly string[];
}

function aligned(masked: MaskedSample, tokenizer: Tokenizer, maskId: number): Aligned {
  const { inputIds, labels, sentenceLabel } = masked;
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
  return { sentenceLabel, tokens };
}

function corrupted({ inputIds, labels }: MaskedSample, tokenizer: Tokenizer): Corrupted {
  return { input: tokenizer.tokens([...inputIds]), target: tokenizer.tokens([...labels]) };
}

function actionOf(original: number, shown: number, label: number, maskId: number): Action {
  if (label === ignoredLabel) return 'none';
  if (shown === maskId) return 'mask';
  return shown === original ? 'keep' : 'random';
}

function lines(epoch: number, shown: Aligned | Corrupted): string {
  if ('tokens' in shown) return `epoch ${epoch}  ${line(shown.tokens)}`;
  const { input, target } = shown;
  return `epoch ${epoch}  input   ${input.join(' ')}\nepoch ${epoch}  target  ${target.join(' ')}`;
}

/** Words as they read, [MASK] where masked, *random* and _kept_ marked. */
function line(tokens: readonly PreviewToken[]): string {
  const marks = { none: '', mask: '', random: '*', keep: '_' };
  return tokens.map(({ shown, action }) => `${marks[action]}${shown}${marks[action]}`).join(' ');
}
