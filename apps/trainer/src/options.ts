import { Command, InvalidArgumentError, Option } from 'commander';
import type { DeviceChoice } from './device.ts';
import type { RunOptions } from './training/run-options.ts';

/** What the command line says. */
export interface CommandOptions extends RunOptions {
  readonly device: DeviceChoice;
  readonly threads: number;
  readonly ranks: number;
  readonly log?: string;
  readonly verbose?: true;
}

/** Reads the command line; commander prints what is wrong, in one line, and throws. */
export function parseOptions(words: readonly string[]): CommandOptions {
  const command = new Command('maskloom-train')
    .description('train a BERT on the batches of a sidecar')
    .requiredOption('--url <address...>', 'the sidecar, and its replicas if there are any')
    .option('--timeout <seconds>', 'silence after which a sidecar counts as gone', positive, 30)
    .option('--eval-url <address>', 'a sidecar with held-out data')
    .option('--eval-every <steps>', 'steps between evaluations', integer(1), 100)
    .option('--eval-steps <count>', 'batches of an evaluation; 0 for an epoch', integer(0), 10)
    .option('--steps <count>', 'steps to train', integer(1), 200)
    .option('--layers <count>', 'layers of the encoder', integer(1), 2)
    .option('--hidden <size>', 'width of the encoder', integer(1), 128)
    .option('--heads <count>', 'attention heads', integer(1), 2)
    .option('--lr <rate>', 'peak learning rate', positive, 1e-3)
    .option('--warmup <steps>', 'steps until the peak', integer(0), 40)
    .addOption(
      // The help can't print a bigint by itself.
      new Option('--seed <integer>', 'seed of the initial weights')
        .argParser(seed)
        .default(42n, '42'),
    )
    .addOption(
      new Option(
        '--device <device>',
        'auto: WebGPU where there is a GPU, but for one emulated in software; else Wasm',
      )
        .choices(['auto', 'wasm', 'webgpu'])
        .default('auto'),
    )
    .option('--architecture <name>', 'bert, albert, electra or modernbert', 'bert')
    .option('--dropout <share>', 'share of values that are dropped', Number, 0)
    .option('--schedule <name>', 'linear, cosine or constant', 'linear')
    .option('--clip <norm>', 'largest norm of the gradient', Number, 0)
    .option('--ranks <count>', 'ranks', integer(1), 1)
    .option('--threads <count>', 'threads of Wasm; 0 for one a core', integer(0), 0)
    .option('--log <file>', 'write a log, a JSON object a line', path)
    .option('--verbose', 'show the stack of an error')
    .allowExcessArguments(false)
    .configureOutput({
      outputError(text, write) {
        const problem = text
          .trim()
          .replace(/^error: /, '')
          .replaceAll(/\s+/g, ' ');
        write(`maskloom-train: ${problem.replace(/\.$/, '')}; see --help\n`);
      },
    })
    .exitOverride();
  const given = command.parse([...words], { from: 'user' }).opts<CommandOptions>();
  return {
    ...{
      patience: 0,
      architecture: 'bert',
      norm: 'post',
      dropout: 0,
      length: 0,
      generatorSize: 0.25,
    },
    ...{ discriminatorWeight: 50, optimizer: 'adamw', accumulate: 1 },
    ...{ beta1: 0.9, beta2: 0.98, epsilon: 1e-6, weightDecay: 0.01, checkpointEvery: 0, keep: 3 },
    ...{ resume: false, intermediate: 4 * given.hidden },
    ...given,
  };
}

function integer(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^[0-9]+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`Expected an integer from ${least}.`);
  };
}

function path(text: string): string {
  if (text !== '') return text;
  throw new InvalidArgumentError('Expected a path.');
}

function positive(text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('Expected a number above 0.');
}

function seed(text: string): bigint {
  if (/^[0-9]{1,20}$/.test(text) && BigInt(text) < 1n << 64n) return BigInt(text);
  throw new InvalidArgumentError('Expected an integer from 0 to 2^64-1.');
}
