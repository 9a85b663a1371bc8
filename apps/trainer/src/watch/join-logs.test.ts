import assert from 'node:assert/strict';
import { events } from '../testing/events.ts';
import { joinLogs } from './join-logs.ts';
import type { Log, LogEvent } from './log.ts';

/** A log that keeps what happens to it. */
function keep(): Log & { readonly kept: (LogEvent | 'close')[] } {
  const kept: (LogEvent | 'close')[] = [];
  return { kept, write: (event) => kept.push(event), close: () => kept.push('close') };
}

Deno.test('joined logs each get every event, in order', () => {
  const logs = [keep(), keep()];
  const joined = joinLogs(...logs);
  const written = [events.start(), events.step(0, 9), events.end(1)];
  for (const event of written) joined.write(event);
  joined.close();
  for (const { kept } of logs) assert.deepEqual(kept, [...written, 'close']);
});

Deno.test('a log that fails takes nothing from the others, and its error is thrown', () => {
  const failing = (problem: string): Log => ({
    write() {
      throw new Error(problem);
    },
    close() {
      throw new Error(`${problem} again`);
    },
  });
  const log = keep();
  const joined = joinLogs(failing('disk full'), failing('no network'), log);
  assert.throws(() => joined.write(events.end(1)), { message: 'disk full' });
  assert.throws(() => joined.close(), { message: 'disk full again' });
  assert.deepEqual(log.kept, [events.end(1), 'close']);
});
