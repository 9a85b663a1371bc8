// Reads batches in a process of its own, in Node or Deno; prints each step's digest and the state after it, as a line
// of JSON, and at last the time. Argument: what to do, as JSON.
import process from 'node:process';
import { createLoader, sampleDigests } from '@maskloom/loader';
import { openDataset, sha256, toHex } from '@maskloom/shards';

const {
  data,
  plan,
  from,
  steps,
  leave,
  workers = 2,
  fault,
  faultsModule,
} = JSON.parse(process.argv[2]);
const dataset = await openDataset(data);
const list = fault === undefined ? [] : [fault].flat();
const left = new Int32Array(new SharedArrayBuffer(4 * list.length)).fill(1);
const faults =
  fault === undefined ? {} : { faults: { module: faultsModule, data: { faults: list, left } } };
const closing = {
  patience: 500,
  onEvent: ({ type }) => {
    if (type === 'worker-failure') void loader.close();
  },
};
const loader = await createLoader({
  plan,
  dataset,
  workers,
  ...faults,
  ...(leave === 'close at a failure' ? closing : {}),
});
const controller = new AbortController();
const { signal } = controller;
const stream = loader.batches({ from, prefetch: 4, signal });
for (let taken = 0; taken < steps; taken++) {
  const { value } = await stream.next().catch(() => ({}));
  if (value === undefined) break;
  console.log(JSON.stringify([toHex(sha256(sampleDigests(value.recordBatch))), value.next]));
}
if (leave === 'close') await loader.close();
if (leave === 'return') await stream.return();
if (leave === 'abort') controller.abort();
console.log(Date.now());
