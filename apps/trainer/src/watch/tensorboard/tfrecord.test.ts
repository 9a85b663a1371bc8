import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { type EventContent, eventMessage } from './event-message.ts';
import { frameRecord } from './tfrecord.ts';

// Made with pip's tensorboard 2.21.0: RecordWriter(file).write(event.SerializeToString()), each event at
// wall_time=1.5, the last two at step=300.
const records: [step: number, content: EventContent, hex: string][] = [
  // Event(file_version='brain.Event:2')
  [
    0,
    { type: 'version' },
    '1800000000000000a37f4b2209000000000000f83f1a0d627261696e2e4576656e743a322a28646c',
  ],
  // Event(session_log=SessionLog(status=SessionLog.START))
  [
    300,
    { type: 'session-start' },
    '100000000000000095fbfe1809000000000000f83f10ac023a020801713b788a',
  ],
  // Event(summary=Summary(value=[Summary.Value(tag='train/loss', simple_value=0.5)]))
  [
    300,
    { type: 'scalars', values: { 'train/loss': 0.5 } },
    '2100000000000000017becf609000000000000f83f10ac022a130a110a0a747261696e2f6c6f7373150000003fb56a6431',
  ],
];

for (const [step, content, expected] of records) {
  Deno.test(`a record of type ${content.type} is byte for byte TensorBoard's own`, () => {
    const record = frameRecord(eventMessage(1.5, step, content));
    assert.equal(Buffer.from(record).toString('hex'), expected);
  });
}
