import type { Files } from './files.ts';

/** A browser has no files. */
export const files: Files | undefined = undefined;
