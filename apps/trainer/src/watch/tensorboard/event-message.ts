import {
  doubleField,
  type Field,
  floatField,
  messageField,
  stringField,
  varintField,
} from './protobuf.ts';

/** What an event of TensorBoard holds. */
export type EventContent =
  /** The first event of a file. */
  | { readonly type: 'version' }
  /** A run begins, or goes on: TensorBoard forgets what an earlier file has from this step on. */
  | { readonly type: 'session-start' }
  | { readonly type: 'scalars'; readonly values: Readonly<Record<string, number>> };

/**
 * Encodes a protobuf message `Event` as in TensorFlow's `event.proto` and `summary.proto`.
 *
 * @param wallTime seconds since 1970
 */
export function eventMessage(wallTime: number, step: number, content: EventContent): Uint8Array {
  // As protobuf has it, a zero is left out.
  const stepField = step === 0 ? [] : varintField(2, step);
  return Uint8Array.from([doubleField(1, wallTime), stepField, contentField(content)].flat());
}

function contentField(content: EventContent): Field {
  switch (content.type) {
    case 'version':
      return stringField(3, 'brain.Event:2');
    case 'session-start':
      return messageField(7, varintField(1, 1));
    case 'scalars':
      return messageField(5, ...Object.entries(content.values).map(scalar));
  }
}

function scalar([tag, value]: [string, number]): Field {
  return messageField(1, stringField(1, tag), floatField(2, value));
}
