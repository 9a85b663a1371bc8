import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { withOptions } from './options-page.ts';
import { optionNames } from './table.ts';

const page = await readFile(new URL('../../../../docs/trainer.md', import.meta.url), 'utf8');

Deno.test('docs/trainer.md has the options of the table (else: npm run docs, in apps/trainer)', () => {
  assert.equal(withOptions(page), page);
});

Deno.test('docs/trainer.md tells of every option', () => {
  for (const name of optionNames) assert(page.includes(`\n| \`${name}\` | `), name);
});

Deno.test('a page without the marks is refused', () => {
  assert.throws(() => withOptions('# A page'), RangeError);
});
