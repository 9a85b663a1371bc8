import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { OptionsError } from './errors.ts';
import { optionValues } from './option-values.ts';
import { parseRunFile, readRunFile } from './read-run-file.ts';
import { optionNames } from './table.ts';
import { givens } from './testing/arbitraries.ts';
import { runFileText } from './write-run-file.ts';

Deno.test('a run.yaml that was printed gives the same options', () => {
  fc.assert(
    fc.property(givens, (given) => {
      const values = optionValues(given);
      assert.deepEqual(optionValues(parseRunFile(runFileText(values), 'run.yaml')), values);
    }),
    { numRuns: 500 },
  );
});

Deno.test('a run.yaml that was printed tells of every option, set or not', () => {
  const text = runFileText(optionValues(new Map()));
  for (const name of optionNames) assert.match(text, new RegExp(`^(# )?${name}: \\S`, 'm'));
});

Deno.test('a run.yaml may be empty, or all comments', () => {
  for (const text of ['', '\n\n', '# steps: 3\n', '---\n']) {
    assert.equal(parseRunFile(text, 'run.yaml').size, 0);
  }
});

Deno.test('a value tells where it was found', () => {
  const given = parseRunFile('# comment\n\nlr: 2e-3\nurl: http://a\n', 'run.yaml');
  assert.deepEqual(given.get('lr'), { value: 0.002, where: 'run.yaml:3: lr' });
  assert.deepEqual(given.get('url'), { value: ['http://a'], where: 'run.yaml:4: url' });
});

Deno.test('what is wrong in a run.yaml is named with its line, what was found and what is expected', () => {
  const cases: [string, string][] = [
    ['lr: fast', 'lr is "fast", expected a number above 0'],
    ['lr: 0', 'lr is 0, expected a number above 0'],
    ['lr: .inf', 'lr is Infinity, expected a number above 0'],
    ['steps: 1.5', 'steps is 1.5, expected an integer from 1'],
    ['steps: "20"', 'steps is "20", expected an integer from 1'],
    ['steps: 9007199254740993', 'steps is 9007199254740993, expected an integer from 1'],
    ['live: 65536', 'live is 65536, expected an integer from 0 to 65535'],
    [
      'seed: 18446744073709551616',
      'seed is 18446744073709551616, expected an integer from 0 to 2^64-1',
    ],
    [
      'url: [http://a, 3]',
      'url is ["http://a", 3], expected an address such as http://127.0.0.1:4300, or several',
    ],
    [
      'eval-url: localhost',
      'eval-url is "localhost", expected an address such as http://127.0.0.1:4300',
    ],
    ['resume: 1', 'resume is 1, expected true or false'],
    ['optimizer: sgd', 'optimizer is "sgd", expected adamw or lamb'],
    ['out: {a: b}', 'out is a map, expected the path of a folder'],
    ['out: 3', 'out is 3, expected the path of a folder'],
    ['layers:', 'layers is empty, expected an integer from 1: leave the line out for the default'],
    [
      'warm-up: 3',
      'there is no option warm-up, the closest is warmup; `maskloom-train config` prints all',
    ],
    [
      'evalUrl: http://a',
      'there is no option evalUrl, the closest is eval-url; `maskloom-train config` prints all',
    ],
    [
      'lr: *rate',
      'Unresolved alias (the anchor must be set before the alias): rate: correct the YAML',
    ],
  ];
  for (const [line, message] of cases) {
    assert.throws(() => parseRunFile(`# comment\nkeep: 2\n${line}\n`, 'run.yaml'), {
      ...{ name: 'OptionsError', message: `run.yaml:3: ${message}`, path: 'run.yaml', line: 3 },
    });
  }
  const torn = 'keep: 2\nlr: [1\n';
  assert.throws(
    () => parseRunFile(torn, 'run.yaml'),
    /^OptionsError: run.yaml:\d: .+: correct the YAML$/,
  );
  assert.throws(
    () => parseRunFile('lr: 1\nlr: 2\n', 'run.yaml'),
    /run.yaml:2: Map keys must be unique/,
  );
  assert.throws(
    () => parseRunFile('\n- lr\n', 'run.yaml'),
    /run.yaml:2: found \["lr"\], expected options/,
  );
});

Deno.test('a run.yaml that cannot be read is named', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'maskloom-run-file-'));
  try {
    const path = join(folder, 'run.yaml');
    await assert.rejects(readRunFile(path), (error) => {
      assert(error instanceof OptionsError);
      assert.equal(error.path, path);
      return /^Cannot read \S+run.yaml \(there is no such file\): give --config/.test(
        error.message,
      );
    });
    await assert.rejects(readRunFile(folder), /Cannot read /);
    await writeFile(path, 'steps: 7');
    assert.equal((await readRunFile(path)).get('steps')?.value, 7);
  } finally {
    await rm(folder, { recursive: true });
  }
});
