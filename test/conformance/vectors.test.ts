import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { python } from '../python.mjs';
import { run } from '../support/run.ts';
import { computeVectors, vectorStrategies } from './vectors.ts';

const folder = fileURLToPath(new URL('vectors/', import.meta.url));
const reference = fileURLToPath(new URL('reference.py', import.meta.url));
const changelog = fileURLToPath(new URL('../../CHANGELOG.md', import.meta.url));
const found = python();
const names = Object.keys(vectorStrategies);

describe('golden vectors', () => {
  // To add a strategy: name it in vectors.ts, run this with MASKLOOM_WRITE_VECTORS=1 (which never changes
  // a file that is there), and list the new file's hash in CHANGELOG.md.
  test.for(names)('%s masks as ever', async (name) => {
    const file = `${folder}${name}.json`;
    const computed = computeVectors(vectorStrategies[name]!);
    if (process.env['MASKLOOM_WRITE_VECTORS'] === '1') {
      await writeFile(file, `${JSON.stringify(computed)}\n`, { flag: 'wx' }).catch(() => {});
    }
    expect(computed).toEqual(JSON.parse(await readFile(file, 'utf8')));
  });

  test('are reproduced by the Python written from the spec alone', async ({ skip }) => {
    if (found.path === undefined) return skip(found.reason);
    const files = names.map((name) => `${folder}${name}.json`);
    const { stdout, stderr } = await run(found.path, [reference, 'vectors', ...files]);
    expect(stderr).toBe('');
    const cases = names.map((name) => computeVectors(vectorStrategies[name]!).cases.length);
    expect(Number(stdout)).toBe(cases.reduce((sum, count) => sum + count, 0));
  });

  test('change only with a STREAM BREAKING line in the changelog', async () => {
    const lines = (await readFile(changelog, 'utf8')).split('\n');
    expect((await readdir(folder)).sort()).toEqual(names.map((name) => `${name}.json`).sort());
    for (const name of names) {
      const bytes = await readFile(`${folder}${name}.json`);
      const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
      // Newest first: the first line that names the vectors says what they are now.
      const mentions = lines.filter((line) => line.includes(`\`${name}.json\``));
      expect(mentions[0], `CHANGELOG.md must list \`${name}.json\` ${hash}`).toContain(hash);
      if (mentions.length > 1) expect(mentions[0]).toContain('STREAM BREAKING');
    }
  });
});
