/** @file Runs the cases over Web Workers in a page, and posts the results. */
import { openDataset } from '@maskloom/shards';
import { runCases } from '../conformance/loader.case.ts';
import type { LoaderRun } from './loader.deno.ts';
import { loaderPool } from './loader-pool.ts';

declare const crossOriginIsolated: boolean;
declare const location: { readonly href: string };

async function run(): Promise<unknown> {
  const answer = await fetch('/run.json');
  const { expected, data, faults } = (await answer.json()) as LoaderRun;
  const pool = loaderPool({
    name: 'Web Workers in Chromium',
    plan: expected.plan,
    dataset: await openDataset(new URL(data, location.href).href),
    faults: new URL(faults, location.href).href,
    workers: [1, 2, 3, 8],
    memory: crossOriginIsolated ? 'shared' : 'unshared',
    lacks: {
      'out of memory':
        'limit: in Chromium a worker out of memory ends its page; the run goes on from its state in another',
    },
  });
  return await runCases(pool, expected);
}

const results = await run().catch((error: Error) => error.stack ?? error.message);
await fetch('/result', { method: 'POST', body: JSON.stringify(results) });
