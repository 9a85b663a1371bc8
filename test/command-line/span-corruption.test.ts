import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { maskloom } from '../support/run.ts';

let folder: string;
const at = (name: string) => join(folder, name);

async function run(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await maskloom(...words);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return stdout;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskloom-span-corruption-'));
  const words = 'the people of the union have a government of laws and not of men';
  await writeFile(at('text.txt'), `${`${words}. `.repeat(200)}\n`);
  const train = ['tokenizer', 'train', at('text.txt'), '--vocab-size', '90'];
  const special = ['--sentinels', '20', '--special-tokens', '[R],[S],[X]'];
  const trained = await run(...train, ...special, '--out', at('tokenizer'));
  expect(trained).toContain('[R] 5\n[S] 6\n[X] 7\n');
  const encode = ['encode', at('text.txt'), '--tokenizer', at('tokenizer'), '--max-length', '48'];
  await run(...encode, '--out', at('data'));
});
afterAll(() => rm(folder, { recursive: true }));

describe.each([
  ['t5', ['--rate', '0.3', '--mean-length', '2.5']],
  ['t5', ['--mode', 'static', '--copies', '2']],
  ['t5', ['--rates', 'step:0=0.5,20=0.1']],
  ['ul2', ['--modes', '5,6,7']],
])('maskloom plan --strategy %s %s', (strategy, options) => {
  test('has one digest for 1 and 2 workers, and 1 and 2 ranks', async () => {
    const plan = ['plan', '--data', at('data'), '--strategy', strategy, ...options];
    const planned = await run(...plan, '--batch', '4', '--out', at('plan.json'));
    expect(planned).toMatch(/\nlongest input \d+, longest target \d+\n/);
    const stream = ['--plan', at('plan.json'), '--data', at('data'), '--steps', '30'];
    const outputs = [
      await run('verify', ...stream, '--workers', '1'),
      await run('verify', ...stream, '--workers', '2', '--ranks', '2'),
    ];
    const digests = outputs.map((output) => /[0-9a-f]{64}\s*$/.exec(output)![0]);
    expect(digests[1]).toBe(digests[0]);
  });
});

test('a plan has the sentinels and the end of the tokenizer, or those it is given', async () => {
  const plan = ['plan', '--data', at('data'), '--strategy', 't5', '--out', at('plan.json')];
  const read = async () => JSON.parse(await readFile(at('plan.json'), 'utf8')).strategy;
  await run(...plan);
  const { size, sentinels, endId } = JSON.parse(
    await readFile(join(at('data'), 'manifest.json'), 'utf8'),
  ).vocab;
  expect(sentinels).toEqual({ first: size - 1, count: 20 });
  expect(await read()).toMatchObject({ sentinels, end: endId });
  const fewer = { first: size - 6, count: 15 };
  await run(...plan, '--sentinels', `${fewer.first}:${fewer.count}`, '--end', '4');
  expect(await read()).toMatchObject({ sentinels: fewer, end: 4 });
});

test('preview shows input and target of each epoch, as text and as JSON', async () => {
  const plan = ['plan', '--data', at('data'), '--strategy', 'ul2', '--modes', '5,6,7'];
  await run(...plan, '--out', at('plan.json'));
  const preview = ['preview', '--plan', at('plan.json'), '--data', at('data')];
  const words = [...preview, '--tokenizer', at('tokenizer'), '--epochs', '2'];
  const shown = await run(...words);
  expect(shown).toMatch(/^epoch 0 {2}input {3}\[[RSX]\] \[CLS\] .*<extra_id_0>.*\[SEP\]\n/);
  expect(shown).toMatch(/\nepoch 1 {2}target {2}<extra_id_0> .* \[SEP\]\n$/);
  const { epochs } = JSON.parse(await run(...words, '--json'));
  expect(epochs).toHaveLength(2);
  expect(`epoch 0  input   ${epochs[0].input.join(' ')}\n`).toBe(/^.*\n/.exec(shown)![0]);
});

describe('maskloom plan refuses', () => {
  const refusal = async (...words: string[]) => {
    const data = words.includes('--data') ? [] : ['--data', at('data')];
    const plan = ['plan', ...data, '--out', at('refused.json'), ...words];
    const { code, stdout, stderr } = await maskloom(...plan);
    expect(code).toBeGreaterThan(0);
    expect(stdout).toBe('');
    expect(stderr.trim().split('\n')).toHaveLength(1);
    await expect(readFile(at('refused.json'))).rejects.toThrow('ENOENT');
    return stderr;
  };

  test.each([
    [['--strategy', 't5', '--mask', '0.8'], /--mask is 0\.8, expected none with t5, ul2/],
    [
      ['--strategy', 'bert', '--sentinels', '89:4'],
      /--sentinels is "89,4", expected given with t5, ul2 only/,
    ],
    [
      ['--strategy', 'bert', '--mean-length', '2'],
      /--mean-length is 2, expected given with t5 only/,
    ],
    [['--strategy', 'ul2', '--rate', '0.2'], /--rate is 0\.2, expected none with ul2/],
    [
      ['--strategy', 'ul2', '--rates', 'epoch:0=0.2'],
      /rate is 0\.2, expected none with several denoisers/,
    ],
    [['--strategy', 't5', '--sentence-order'], /masking is "span-corruption"/],
    [['--strategy', 't5', '--sentinels', '89'], /--sentinels.*first:count, such as 32099:100/],
    [
      ['--strategy', 't5', '--sentinels', '40:4'],
      /strategy\.sentinels is 40, expected a special id/,
    ],
    [
      ['--strategy', 'ul2', '--sentinels', '85:2'],
      /strategy\.sentinels\.count is 2, expected at least \d+/,
    ],
    [['--strategy', 'ul2', '--modes', '5,6'], /--modes.*such as 5,6,7/],
    [['--strategy', 't5', '--mean-length', '0'], /--mean-length.*number from 1/],
  ] as const)('%s', async (words, message) => {
    expect(await refusal(...words)).toMatch(message);
  });

  test('span corruption where the tokenizer has no sentinels', async () => {
    const train = ['tokenizer', 'train', at('text.txt'), '--vocab-size', '60'];
    await run(...train, '--out', at('plain'));
    const encode = ['encode', at('text.txt'), '--tokenizer', at('plain'), '--max-length', '48'];
    await run(...encode, '--out', at('plain-data'));
    expect(await refusal('--strategy', 't5', '--data', at('plain-data'))).toMatch(
      /--sentinels is missing, expected ids that stand for spans.*maskloom tokenizer train --sentinels/,
    );
  });
});
