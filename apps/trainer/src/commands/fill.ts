import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadTokenizer, type Tokenizer } from '@maskloom/text';
import { checkpointFolder } from '../checkpoint/checkpoint-folder.ts';
import { useDevice } from '../device.ts';
import { TrainingError } from '../errors.ts';
import { fillText, type Guess } from '../fill/fill-text.ts';
import { loadModel } from '../fill/load-model.ts';
import { readModel } from '../fill/read-model.ts';
import { readerOf } from '../options/command-line.ts';
import { integer, path } from '../options/kinds.ts';
import { createCommand } from './create-command.ts';

const folder = readerOf(path('<folder>'));
const count = readerOf(integer('<count>', { least: 1 }));

interface FillOptions {
  readonly checkpoint: string;
  readonly tokenizer?: string;
  readonly top: number;
  readonly json?: true;
}

/**
 * `maskloom-train fill`: tries a checkpoint or an exported model, by what it puts for the `[MASK]`s of a text.
 *
 * @throws {CommanderError} after it has printed what is wrong with the command line
 * @throws {TrainingError} if there is no model or tokenizer, or the text can't be filled in.
 */
export async function fill(words: readonly string[]): Promise<void> {
  const command = createCommand('maskloom-train fill')
    .description('print the most probable tokens for each [MASK] of a text')
    .argument('<text>', 'a text, such as "The president of the united [MASK]"')
    .requiredOption(
      '--checkpoint <folder>',
      'a checkpoint, an exported model, or the folder of a run: its best',
      folder,
    )
    .option('--tokenizer <folder>', "the data's tokenizer (default: the checkpoint's)", folder)
    .option('--top <count>', 'tokens for each [MASK]', count, 5)
    .option('--json', 'print JSON')
    .parse([...words], { from: 'user' });
  const { checkpoint, tokenizer, top, json } = command.opts<FillOptions>();
  const [text] = command.processedArgs as [string];
  const found = await checkpointFolder(checkpoint, '--checkpoint');
  const read = await readModel(found);
  const tokens = await tokenizerOf(found, tokenizer);
  await useDevice('wasm', () => {});
  const model = loadModel(read);
  const guesses = await fillText(text, tokens, model, top);
  model.dispose();
  if (json === true) console.log(JSON.stringify({ text, checkpoint: found, masks: guesses }));
  else for (const line of linesOf(guesses)) console.log(line);
}

async function tokenizerOf(checkpoint: string, given: string | undefined): Promise<Tokenizer> {
  if (given === undefined && !existsSync(join(checkpoint, 'tokenizer.json'))) {
    throw new TrainingError(
      'DATA',
      `There is no tokenizer.json in ${checkpoint}, expected the tokenizer that the data was encoded with: give its folder with --tokenizer`,
    );
  }
  return await loadTokenizer(given ?? checkpoint);
}

function linesOf(guesses: readonly Guess[]): string[] {
  return guesses.flatMap(({ candidates }, index) => [
    ...(guesses.length === 1 ? [] : [`[MASK] ${index + 1}`]),
    ...candidates.map(({ token, probability }) => {
      return `${(100 * probability).toFixed(2).padStart(6)} %  ${token}`;
    }),
  ]);
}
