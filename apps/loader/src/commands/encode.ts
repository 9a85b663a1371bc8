import { ArgumentError } from '@maskloom/core';
import { Command } from 'commander';
import { integer, path, paths, share } from '../options.ts';
import { progressBar } from '../progress.ts';

interface EncodeCommandOptions {
  readonly tokenizer: string;
  readonly out: string;
  readonly maxLength: number;
  readonly holdout: number;
  readonly holdoutOut?: string;
  readonly pairs?: true;
  readonly units?: true;
  readonly counts?: true;
  readonly rowsPerShard: number;
}

/** `maskloom encode`: text to a dataset. */
export function encodeCommand(): Command {
  return new Command('encode')
    .description('tokenise text files and pack full sentences into a dataset')
    .argument(
      '<files...>',
      'text: .txt and .md (a document each), .jsonl (one a line), or folders',
      paths,
    )
    .requiredOption(
      '--tokenizer <folder>',
      'a folder with tokenizer.json, or a name on the hub',
      path,
    )
    .requiredOption('--out <folder>', 'where to write the dataset', path)
    .option('--max-length <tokens>', 'longest sample, special tokens included', integer(3), 128)
    .option('--holdout <share>', 'share of the documents to set aside', share, 0)
    .option('--holdout-out <folder>', 'where to write those (default: <out>-holdout)', path)
    .option('--pairs', 'make pairs of segments, for objectives with sentence order')
    .option('--units', 'say where words begin, for whole-word masking with --unit column')
    .option('--counts', 'count how often each token occurs, for --random-words unigram')
    .option('--rows-per-shard <rows>', 'a multiple of 1024', integer(1), 65536)
    .action(run);
}

async function run(inputs: string[], options: EncodeCommandOptions): Promise<void> {
  if (options.holdout >= 1) {
    throw new ArgumentError('holdout', 'a share below 1', options.holdout);
  }
  // Loaded here: the tokenizer library is large, and other commands do without it.
  const { encode, loadTokenizer } = await import('@maskloom/text');
  const tokenizer = await loadTokenizer(options.tokenizer);
  const bar = progressBar('encode');
  try {
    const { tokenizer: _, ...rest } = options;
    const result = await encode({
      ...rest,
      inputs,
      tokenizer,
      onProgress: ({ bytesDone, bytesTotal, samples, tokens }) =>
        bar.update(bytesDone, bytesTotal, `${samples} samples, ${tokens} tokens`),
    });
    bar.stop();
    console.log(JSON.stringify(result));
  } finally {
    bar.stop();
  }
}
