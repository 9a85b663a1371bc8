/** @file Saves checkpoints until it is ended, or fails: `save-checkpoints.ts FOLDER VALUES`. Prints each step saved. */
import process from 'node:process';
import { openCheckpoints } from '../checkpoint/checkpoints.ts';
import { checkpointContent } from './checkpoint-content.ts';

const [folder, values] = process.argv.slice(2) as [string, string];
const checkpoints = await openCheckpoints(folder, { keep: 2 });
const from = (await checkpoints.latest())?.state.step ?? 0;
for (let step = from + 1; ; step++) {
  await checkpoints.save(
    checkpointContent(step, { values: Number(values), isBest: step % 3 === 0 }),
  );
  console.log(step);
}
