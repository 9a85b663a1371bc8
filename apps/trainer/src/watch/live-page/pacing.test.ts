import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { createPacing } from './pacing.ts';

Deno.test('many questions in a row are one call', async () => {
  let calls = 0;
  const pacing = createPacing(() => calls++, 60_000, 60_000);
  for (let times = 0; times < 100; times++) pacing.ask();
  while (calls === 0) await sleep(1);
  for (let times = 0; times < 100; times++) pacing.ask();
  await sleep(20);
  assert.equal(calls, 1);
  pacing.stop();
});

Deno.test('without a question there is a call now and then', async () => {
  let calls = 0;
  const pacing = createPacing(() => calls++, 1, 5);
  while (calls < 3) await sleep(1);
  pacing.stop();
});
