// Reads a stream of tiny batches, and prints its process's memory at ten moments, as JSON.
// Arguments: folder of a dataset, workers, batches, and what to do with each: "consume" or "keep".
import { tokenMasking } from '@maskloom/core';
import { createLoader, createPlan, readDense } from '@maskloom/loader';
import { openDataset } from '@maskloom/shards';

const [folder, workers, count, doing] = process.argv.slice(2);
const batches = Number(count);
const dataset = await openDataset(folder);
const strategy = tokenMasking({ rate: 0.2 });
const plan = createPlan({ dataset, strategy, seed: 42n, batch: 4, last: 'short' });
const kept = [];
const moments = [];
let tokens = 0;

const loader = await createLoader({ plan, dataset, workers: Number(workers), workerHeap: 64 });
let taken = 0;
for await (const { recordBatch, message } of loader.batches({ steps: batches })) {
  tokens += readDense(recordBatch).inputIds.length;
  if (doing === 'keep') kept.push(Uint8Array.from(message));
  if (++taken % (batches / 10) !== 0) continue;
  globalThis.gc();
  const { rss, heapUsed, external } = process.memoryUsage();
  moments.push({ rss, heapUsed, external });
}
await loader.close();
console.log(JSON.stringify({ tokens, kept: kept.length, moments }));
