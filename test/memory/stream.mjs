/**
 * @file Streams a dataset and prints how much memory it took: `node stream.mjs FOLDER BUDGET ORDER STEPS`. Run by
 * memory.test.ts, since what a process took at most is a matter of the whole process.
 */
import { tokenMasking } from '@maskloom/core';
import { createLoader, createPlan } from '@maskloom/loader';
import { openDataset } from '@maskloom/shards';

const [folder, budget, order, steps] = process.argv.slice(2);
const options = budget === 'none' ? {} : { memory: Number(budget) };
const dataset = await openDataset(folder, options);
const strategy = tokenMasking({ rate: 0.15 });
const plan = createPlan({ dataset, strategy, seed: 1n, batch: 64, order });
const loader = await createLoader({ plan, dataset, workers: 2 });
let rows = 0;
for await (const batch of loader.batches({ steps: Number(steps) })) rows += batch.rows;
await loader.close();
const { maxRSS } = process.resourceUsage();
console.log(JSON.stringify({ rows, peak: maxRSS * 1024, memory: dataset.memory }));
