import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { withOptions } from './options-page.ts';
import { readGiven } from './read-given.ts';
import { parseRunFile } from './read-run-file.ts';
import { optionNames } from './table.ts';
import { checkedValues, trainOptions } from './train-options.ts';

const page = await readFile(new URL('../../../../docs/trainer.md', import.meta.url), 'utf8');

Deno.test('docs/trainer.md has the options of the table (else: npm run docs, in apps/trainer)', () => {
  assert.equal(withOptions(page), page);
});

Deno.test('docs/trainer.md tells of every option', () => {
  for (const name of optionNames) assert(page.includes(`\n| \`${name}\` | `), name);
});

/** Code blocks of a language. */
function blocks(language: string): string[] {
  const found = page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'));
  return [...found].map(([, code]) => code!);
}

Deno.test('the run.yaml of docs/trainer.md is one', () => {
  const files = blocks('yaml');
  assert.equal(files.length, 1);
  assert(trainOptions(parseRunFile(files[0]!, 'run.yaml')).steps > 0);
});

Deno.test('the command lines of docs/trainer.md give options that there are', async () => {
  const lines = blocks('sh')
    .join('\n')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n');
  const runs = lines.filter((line) => line.startsWith('npx maskloom-train --'));
  assert(runs.length > 0);
  for (const run of runs) {
    const words = run.split(/\s+/).slice(2);
    assert(trainOptions(await readGiven(new Command('train'), words)).steps > 0);
  }
});

Deno.test('the errors that docs/trainer.md shows are those that are printed', () => {
  const [first, second, third] = blocks('text')[0]!.split('\n') as [string, string, string];
  const problem = (text: string) => () => parseRunFile(text, 'run.yaml');
  assert.throws(problem('\n\nlr: fast'), { message: first });
  assert.throws(problem('\n\n\nwarm-up: 3'), { message: second });
  const heads = new Map([['heads', { value: 3, where: '--heads' }]] as const);
  assert.throws(() => checkedValues(heads), { message: third });
});

Deno.test('a page without the marks is refused', () => {
  assert.throws(() => withOptions('# A page'), RangeError);
});
