import { closeSync, fstatSync, openSync, read, readSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Files } from './files.ts';

const readAsync = promisify(read);

export const files: Files | undefined = {
  open: (path) => openSync(path, 'r'),
  close: closeSync,
  size: (descriptor) => fstatSync(descriptor).size,
  readSync: (descriptor, into, position) => readSync(descriptor, into, 0, into.length, position),
  read: async (descriptor, into, position) =>
    (await readAsync(descriptor, into, 0, into.length, position)).bytesRead,
};
