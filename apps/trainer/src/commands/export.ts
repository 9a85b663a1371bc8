import { checkpointFolder } from '../checkpoint/checkpoint-folder.ts';
import { exportModel } from '../checkpoint/export-model.ts';
import { readerOf } from '../options/command-line.ts';
import { path } from '../options/kinds.ts';
import { createCommand } from './create-command.ts';

const folder = readerOf(path('<folder>'));

interface ExportOptions {
  readonly checkpoint: string;
  readonly out: string;
}

/**
 * `maskloom-train export`: writes the model of a checkpoint for transformers.
 *
 * @throws {CommanderError} after it has printed what is wrong with the command line
 * @throws {TrainingError} if there is no whole checkpoint, or its model can't be written.
 */
export async function exportCommand(words: readonly string[]): Promise<void> {
  const command = createCommand('maskloom-train export')
    .description("write a checkpoint's model for transformers, without what training needs")
    .requiredOption(
      '--checkpoint <folder>',
      'a checkpoint, or the folder of a run: its best',
      folder,
    )
    .requiredOption('--out <folder>', 'a new folder for the model', folder)
    .parse([...words], { from: 'user' });
  const { checkpoint, out } = command.opts<ExportOptions>();
  const found = await checkpointFolder(checkpoint, '--checkpoint');
  await exportModel(found, out);
  console.log(`wrote the model of ${found} to ${out}`);
}
