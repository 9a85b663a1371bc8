import { Command } from 'commander';
import { integer, path, paths } from '../options.ts';

interface TrainCommandOptions {
  readonly vocabSize: number;
  readonly minFrequency: number;
  readonly lowercase: boolean;
  readonly sentinels: number;
  readonly specialTokens?: string[];
  readonly out: string;
}

/** `maskloom tokenizer train`: a WordPiece tokenizer from text. */
export function tokenizerCommand(): Command {
  const train = new Command('train')
    .description('train a WordPiece tokenizer on text files')
    .argument('<files...>', 'text: .txt, .md and .jsonl files, or folders', paths)
    .requiredOption('--out <folder>', 'where to write tokenizer.json', path)
    .option('--vocab-size <ids>', 'number of ids, special ones included', integer(6), 8192)
    .option('--min-frequency <count>', 'pairs seen less often are not merged', integer(1), 2)
    .option('--sentinels <count>', 'special ids for spans, for t5 and ul2', integer(0), 0)
    .option('--special-tokens <tokens>', 'further ones, such as [R],[S],[X]', tokens)
    .option('--no-lowercase', 'keep capital letters and accents')
    .action(run);
  return new Command('tokenizer').description('make tokenizers').addCommand(train);
}

function tokens(list: string): string[] {
  return list.split(',');
}

async function run(inputs: string[], options: TrainCommandOptions): Promise<void> {
  const { out, ...rest } = options;
  const { readDocuments, trainWordPiece, writeTokenizer } = await import('@maskloom/text');
  async function* texts(): AsyncGenerator<string> {
    for await (const { text } of readDocuments(inputs)) yield text;
  }
  const trained = await trainWordPiece(texts(), rest);
  await writeTokenizer(out, trained);
  const { vocab } = trained.tokenizer.model;
  console.log(`vocabulary ${Object.keys(vocab).length} ids, ${out}`);
  // What `maskloom plan` is told by its id.
  for (const token of options.specialTokens ?? []) console.log(`${token} ${vocab[token]}`);
}
