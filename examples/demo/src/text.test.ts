import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkIntegrity } from './text.ts';

test('checkIntegrity() takes the bytes that were pinned and refuses others', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'maskloom-text-'));
  try {
    const file = join(folder, 'package.tgz');
    await writeFile(file, 'abc');
    // SHA-512 of "abc" as FIPS 180-2 gives it, in base64.
    const integrity =
      'sha512-3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw==';
    await checkIntegrity(file, 'x@1.0.0', integrity);
    await writeFile(file, 'abd');
    await expect(checkIntegrity(file, 'x@1.0.0', integrity)).rejects.toThrow(
      /^x@1\.0\.0 has integrity sha512-.+, expected sha512-3a81/,
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});
