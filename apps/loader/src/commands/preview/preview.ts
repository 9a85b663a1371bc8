import { Command, Option } from 'commander';
import { indexesOption, integer, memory, memoryOption, path, paths, seed } from '../../options.ts';
import { readPlan } from '../../plan-file.ts';
import { previewBatch } from './preview-batch.ts';
import type { PreviewOptions } from './preview-options.ts';
import { previewSample } from './preview-sample.ts';

/** `maskloom preview`: shows a sample as the epochs mask it, or a batch. */
export function previewCommand(): Command {
  return new Command('preview')
    .description('show how a sample is masked, epoch by epoch; or the samples of a batch')
    .requiredOption('--plan <file>', 'the plan', path)
    .requiredOption('--data <folder>', 'its dataset; of a mixture, each one', paths)
    .requiredOption('--tokenizer <folder>', 'the tokenizer it was encoded with', path)
    .addOption(new Option('--sample <id>', 'which sample').argParser(seed).default(0n, '0'))
    .addOption(
      new Option(
        '--step <number>',
        'instead of a sample: those of the batch of this step of --epoch, with the batch digest',
      )
        .argParser(integer(0))
        .conflicts(['sample', 'epochs', 'mode', 'copies']),
    )
    .option('--epoch <number>', 'the epoch, or the first', integer(0), 0)
    .option('--epochs <count>', 'how many epochs of a sample', integer(1), 4)
    .addOption(
      new Option('--mode <mode>', "instead of the plan's mode").choices(['dynamic', 'static']),
    )
    .option('--copies <count>', 'with --mode static: sets of masks', integer(1))
    .option(...memoryOption, memory)
    .option(...indexesOption)
    .option('--json', 'print JSON')
    .action(run);
}

async function run(options: PreviewOptions): Promise<void> {
  const plan = await readPlan(options.plan);
  if (options.step === undefined) await previewSample(plan, options);
  else await previewBatch(plan, options.step, options);
}
