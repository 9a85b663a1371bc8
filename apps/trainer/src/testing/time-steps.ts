/**
 * @file Times training steps on a batch of random ids, and prints a JSON line: `time-steps.ts '{"vocab":8192,…}'`. For
 * `npm run bench:train`; nothing is read from anywhere.
 */
import process from 'node:process';
import { setThreads } from '../threads.ts';
import type { TimedRun } from './timed-steps.ts';

const run = JSON.parse(process.argv[2]!) as TimedRun & { readonly threads: number };
setThreads(run.threads);
// Loaded here: it imports jax-js, which asks for threads then.
const { timedSteps } = await import('./timed-steps.ts');
console.log(JSON.stringify(await timedSteps(run)));
process.exit(0);
