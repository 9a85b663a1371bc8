/** @file `npm run demo`: from text to a report, with no process left behind however it ends. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { errorLine } from 'maskloom';
import { Children } from './children.ts';
import { runDemo } from './demo.ts';
import { DemoError } from './errors.ts';
import { parseOptions, usage } from './options.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const interrupted = 130;
/** Milliseconds after which a stop no longer waits for what the demo itself computes. */
const deadline = 10_000;

const stopping = new AbortController();

function stop(): void {
  if (stopping.signal.aborted) return;
  console.error('\nStopping');
  stopping.abort();
  setTimeout(() => process.exit(interrupted), deadline).unref();
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
// run.mjs holds the other end: this happens when it is gone, however it went.
process.on('disconnect', stop);

process.exit(await main());

async function main(): Promise<number> {
  let verbose = false;
  const children = new Children(stopping.signal, (command) => {
    if (verbose) console.log(`      $ ${command}`);
  });
  try {
    const options = parseOptions(process.argv.slice(2), root, process.cwd());
    verbose = options.verbose;
    if (options.help) {
      console.log(usage);
      return 0;
    }
    await runDemo({ root, options, children, signal: stopping.signal });
    return stopping.signal.aborted ? interrupted : 0;
  } catch (error) {
    // Ctrl-C reaches the children too, and the end of one may be seen before the signal.
    await sleep(100);
    if (stopping.signal.aborted) return interrupted;
    // The message comes last: what still runs may have something to say.
    await children.stop();
    const isOption = error instanceof DemoError && error.code === 'OPTION';
    if (!isOption) console.error();
    console.error(verbose ? error : lineOf(error));
    return isOption ? 2 : 1;
  } finally {
    await children.stop();
  }
}

function lineOf(error: unknown): string {
  const known = error instanceof Error && 'code' in error;
  return known ? errorLine(error) : `${errorLine(error)}; run again with --verbose to see where`;
}
