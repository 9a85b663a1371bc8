import { closeSync, openSync, writeSync } from 'node:fs';
import { type LoaderEvent, traceEvents } from '@maskloom/loader';

/** A trace that is being written. */
export interface TraceFile {
  add(event: LoaderEvent): void;
  close(): void;
}

/** Bytes that are collected before they are written. */
const chunk = 65536;

/**
 * Writes the events of loaders as a JSON array of trace events. A file that breaks off opens as well: the closing
 * bracket is optional in the format.
 */
export function openTrace(path: string): TraceFile {
  const file = openSync(path, 'w');
  let text = '[\n';
  let empty = true;
  const flush = () => {
    writeSync(file, text);
    text = '';
  };
  return {
    add(event) {
      for (const one of traceEvents(event)) {
        text += `${empty ? '' : ',\n'}${JSON.stringify(one)}`;
        empty = false;
      }
      if (text.length > chunk) flush();
    },
    close() {
      text += '\n]\n';
      flush();
      closeSync(file);
    },
  };
}
