import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes a folder unless it is there: under a temporary name, then renamed, so that it is whole or not
 * there. Returns whether it was made.
 */
export async function makeOnce(
  folder: string,
  make: (temporary: string) => Promise<void>,
): Promise<boolean> {
  if (existsSync(folder)) return false;
  const temporary = `${folder}.${process.pid}`;
  try {
    await rm(temporary, { recursive: true, force: true });
    await mkdir(temporary, { recursive: true });
    await make(temporary);
    await mkdir(dirname(folder), { recursive: true });
    await rename(temporary, folder);
    return true;
  } catch (error) {
    // Another run may have made it meanwhile.
    if (existsSync(folder)) return false;
    throw error;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}
