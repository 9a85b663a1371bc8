/** @file What `maskloom plan` is told of order, rows and batches. */
import { ArgumentError } from '@maskloom/core';
import type { Plan, PlanOptions, RowsOptions } from '@maskloom/loader';
import { type Command, Option } from 'commander';
import { integer } from './options.ts';

export interface BatchingOptions {
  readonly order: 'global' | 'sequential' | 'windowed';
  readonly window?: number;
  readonly pack?: number;
  readonly buckets?: true;
  readonly maxTokens?: number;
  readonly batch: number;
  readonly last?: Plan['last'];
}

/** Adds the options to a command. */
export function withBatchingOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--order <order>',
        'order of an epoch: all rows mixed, as they are stored, or shards mixed and rows within windows',
      )
        .choices(['global', 'sequential', 'windowed'])
        .default('global'),
    )
    .option('--pack <tokens>', 'pack several samples into rows of so many tokens', integer(1))
    .option('--buckets', 'make batches of samples of like length')
    .option(
      '--max-tokens <count>',
      'make batches of samples of like length, of so many tokens with padding at most',
      integer(1),
    )
    .option(
      '--window <samples>',
      'windowed, --pack, --buckets, --max-tokens: samples that are mixed or put together (default: about 16384)',
      integer(1),
    )
    .option('--batch <rows>', 'rows of the global batch; with --max-tokens at most', integer(1), 32)
    .addOption(
      new Option(
        '--last <rule>',
        "what becomes of the rows left at an epoch's end (default: drop; short with --max-tokens)",
      ).choices(['drop', 'short', 'fill']),
    );
}

/** The options of a plan that they come to. */
export function batchingOf(
  options: BatchingOptions,
): Pick<PlanOptions, 'order' | 'rows' | 'batch' | 'last'> {
  const { order, batch, last } = options;
  const rows = rowsOf(options);
  const window = options.window ?? Math.max(batch, Math.floor(16384 / batch) * batch);
  if (options.window !== undefined && order !== 'windowed' && rows === undefined) {
    throw new ArgumentError(
      '--window',
      'none without --order windowed, --pack, --buckets or --max-tokens',
      options.window,
    );
  }
  return {
    batch,
    order: order === 'windowed' ? { type: 'windowed', rows: window } : order,
    ...(rows === undefined ? {} : { rows: { ...rows, window } }),
    ...(last === undefined ? {} : { last }),
  };
}

function rowsOf({ pack, buckets, maxTokens }: BatchingOptions): RowsOptions | undefined {
  const kinds: RowsOptions[] = [];
  if (pack !== undefined) kinds.push({ type: 'packed', length: pack });
  if (buckets) kinds.push({ type: 'buckets' });
  if (maxTokens !== undefined) kinds.push({ type: 'tokens', max: maxTokens });
  if (kinds.length > 1) {
    throw new ArgumentError(
      'rows',
      'one of --pack, --buckets and --max-tokens',
      kinds.map(({ type }) => type).join(' and '),
    );
  }
  return kinds[0];
}
