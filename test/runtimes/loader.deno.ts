/** @file Runs the cases over Web Workers in Deno; arguments: what `LoaderRun` has, as JSON. */
import { openDataset } from '@maskloom/shards';
import { type Expected, runCases } from '../conformance/loader.case.ts';
import { loaderPool } from './loader-pool.ts';

/** What the runtimes' scripts are told. */
export interface LoaderRun {
  readonly expected: Expected;
  /** Folder or URL of the dataset. */
  readonly data: string;
  readonly faults: string;
}

declare const Deno: { readonly args: readonly string[]; exit(code: number): never };

const { expected, data, faults } = JSON.parse(Deno.args[0]!) as LoaderRun;
const pool = loaderPool({
  name: 'Web Workers in Deno',
  plan: expected.plan,
  dataset: await openDataset(data),
  faults,
  workers: [1, 2, 3, 8],
  memory: 'shared',
  lacks: {
    'out of memory':
      'limit: in Deno a worker out of memory ends the process; the run goes on from its state in another',
  },
});
console.log(JSON.stringify(await runCases(pool, expected)));
// A worker that loops survives terminate(), and would keep the process alive.
Deno.exit(0);
