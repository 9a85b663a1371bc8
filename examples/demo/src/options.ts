import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { maxWorkers } from '@maskloom/loader';
import { DemoError } from './errors.ts';
import { isTextName, type TextName, textNames } from './text.ts';

export interface Options {
  readonly steps: number;
  readonly workers: number;
  readonly batch: number;
  /** Decimal digits of 0 to 2^64-1. */
  readonly seed: string;
  readonly texts: readonly TextName[];
  /** Absolute. */
  readonly out: string;
  readonly verbose: boolean;
  readonly help: boolean;
}

export const usage = `Usage: npm run demo -- [options]

Trains a small BERT on real text with Maskloom's sidecar and writes a report.

  --steps N      training steps (200)
  --workers N    worker threads of the sidecar (2); they never change the stream
  --batch N      rows of a global batch (8)
  --seed N       0 to 2^64-1 (42)
  --text NAME    what to train on: ${textNames.join(', ')}; may be given again (sotu)
  --out FOLDER   where the report goes (demo, at the root of the repository)
  --verbose      print every command that is run
  --help         print this`;

/**
 * Reads the command line.
 *
 * @param root of the repository
 * @throws {DemoError} with code `OPTION`, in one line.
 */
export function parseOptions(args: readonly string[], root: string, cwd: string): Options {
  const { values } = parse(args);
  const texts = values.text ?? ['sotu'];
  if (values.out === '') throw invalid('--out', '', 'a folder');
  const unknown = texts.find((name) => !isTextName(name));
  if (unknown !== undefined) throw invalid('--text', unknown, textNames.join(' or '));
  return {
    steps: count('--steps', values.steps ?? '200', 1_000_000),
    workers: count('--workers', values.workers ?? '2', maxWorkers),
    batch: count('--batch', values.batch ?? '8', 4096),
    seed: uint64('--seed', values.seed ?? '42'),
    texts: [...new Set(texts.filter(isTextName))].sort(),
    out: values.out === undefined ? resolve(root, 'demo') : resolve(cwd, values.out),
    verbose: values.verbose ?? false,
    help: values.help ?? false,
  };
}

function parse(args: readonly string[]) {
  const string = { type: 'string' } as const;
  const boolean = { type: 'boolean' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        steps: string,
        workers: string,
        batch: string,
        seed: string,
        text: { type: 'string', multiple: true },
        out: string,
        verbose: boolean,
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (cause) {
    const [problem] = cause instanceof Error ? cause.message.split('\n') : [String(cause)];
    throw new DemoError('OPTION', `${problem} (npm run demo -- --help lists the options)`, {
      cause,
    });
  }
}

function count(option: string, text: string, most: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > most) {
    throw invalid(option, text, `an integer from 1 to ${most}`);
  }
  return value;
}

function uint64(option: string, text: string): string {
  if (!/^\d{1,20}$/.test(text) || BigInt(text) >= 2n ** 64n) {
    throw invalid(option, text, 'an integer from 0 to 2^64-1');
  }
  return String(BigInt(text));
}

function invalid(option: string, found: string, expected: string): DemoError {
  return new DemoError('OPTION', `${option} is "${found}", expected ${expected}`);
}
