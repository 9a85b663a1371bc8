// A process that reads batches of a plan with a cache, and prints what it saw as JSON. Its argument, in JSON:
// { data, plan, cache, epochs }; without epochs it goes on until it is killed.
import { readFile } from 'node:fs/promises';
import { createLoader, parsePlan, StreamDigest } from '@maskloom/loader';
import { openDataset } from '@maskloom/shards';

const { data, plan: file, cache, epochs = Number.POSITIVE_INFINITY } = JSON.parse(process.argv[2]);
const plan = parsePlan(await readFile(file, 'utf8'));
const dataset = await openDataset(data);
const events = [];
const onEvent = ({ type, error }) => {
  if (type !== 'batch') events.push({ type, problem: error?.message });
};
const loader = await createLoader({ plan, dataset, workers: 1, cache, onEvent });
const digest = new StreamDigest(loader.planId);
const steps = epochs * loader.stepsPerEpoch;
for await (const batch of loader.batches({ steps, digest: true })) {
  digest.updateDigests(batch.digests);
  if (batch.epoch === 0 && batch.step === 0) console.log('started');
}
const counts = loader.cacheCounts;
await loader.close();
console.log(JSON.stringify({ digest: digest.hex(), counts, events }));
