import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Names what something is made of: the first 16 hexadecimal digits of a SHA-256. */
export async function cacheKey(
  parts: readonly string[],
  codeFolders: readonly string[],
): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(parts));
  for (const folder of codeFolders) {
    const entries = await readdir(folder, { recursive: true });
    for (const file of entries.filter((name) => name.endsWith('.js')).sort()) {
      hash.update(file).update(await readFile(join(folder, file)));
    }
  }
  return hash.digest('hex').slice(0, 16);
}
