import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDataset } from '@maskloom/shards';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  byteLevelTokenizer,
  writeTokenizerJson,
} from '../../packages/text/src/testing/tokenizers.ts';
import { maskloom } from '../support/run.ts';

let folder: string;
const at = (name: string) => join(folder, name);

async function succeed(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await maskloom(...words);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return stdout;
}

const text = () => ['encode', at('text.txt'), '--tokenizer', at('tokenizer'), '--max-length', '48'];
const plan = (data: string, ...more: string[]) => [
  ...['plan', '--data', at(data), '--strategy', 'bert-whole-word', '--batch', '4'],
  ...['--out', at('plan.json'), ...more],
];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskloom-whole-words-'));
  const sentence = 'the people of the union have a government of laws and not of men';
  await writeFile(at('text.txt'), `${`${sentence}. `.repeat(200)}\n`);
  const tokenizer = byteLevelTokenizer(['Ġ t', 'h e', 'Ġt he', 'Ġ o', 'Ġo f']);
  await writeTokenizerJson(at('tokenizer'), tokenizer, 'RobertaTokenizer');
  await succeed(...text(), '--out', at('plain'));
  await succeed(...text(), '--units', '--out', at('words'));
});
afterAll(() => rm(folder, { recursive: true }));

test('whole words of a byte-level tokenizer have one digest on 1 and 2 workers, and are whole', async () => {
  await succeed(...plan('words', '--unit', 'column'));
  expect(JSON.parse(await readFile(at('plan.json'), 'utf8')).strategy.unit).toBe('column');
  const stream = ['--plan', at('plan.json'), '--data', at('words'), '--steps', '8'];
  const [one, two] = [
    await succeed('verify', ...stream, '--workers', '1'),
    await succeed('verify', ...stream, '--workers', '2'),
  ].map((output) => /digest ([0-9a-f]{64})/.exec(output)?.[1]);
  expect(one).toMatch(/^[0-9a-f]{64}$/);
  expect(two).toBe(one);

  const show = ['preview', ...stream.slice(0, 4), '--tokenizer', at('tokenizer'), '--json'];
  const { epochs } = JSON.parse(await succeed(...show)) as {
    epochs: { tokens: { action: string }[] }[];
  };
  const units = (await openDataset(at('words'))).units(0)!;
  let longer = 0;
  for (const { tokens } of epochs) {
    for (let position = 2; position < tokens.length - 1; position++) {
      if (units[position] === 1) continue;
      const [before, here] = [tokens[position - 1]!.action, tokens[position]!.action];
      expect(before === 'none').toBe(here === 'none');
      if (here !== 'none') longer++;
    }
  }
  expect(longer).toBeGreaterThan(0);
});

test('whole words that nobody can tell are refused, with what to do', async () => {
  const refuse = async (words: string[], message: RegExp) => {
    const { code, stderr } = await maskloom(...words);
    expect(stderr).toMatch(message);
    expect(code).toBe(1);
  };
  const none = 'number of continuation ids is 0, expected at least 1';
  await refuse(plan('plain'), new RegExp(`${none}.*encode the text with --units`));
  await refuse(plan('words'), new RegExp(`${none}.*give --unit column, since .*words has`));
  await refuse(plan('plain', '--unit', 'column'), /plain has no column "units"/);
  await refuse(
    [...plan('words', '--unit', 'column'), '--strategy', 'roberta'],
    /^maskloom: --unit is "column", expected given with bert-whole-word, spanbert/,
  );
  await succeed(...plan('plain', '--unit', 'word'));
});

test('random words from the unigram distribution take a dataset with counts', async () => {
  const random = ['--unit', 'word', '--random-words', 'unigram'];
  const { code, stderr } = await maskloom(...plan('plain', ...random));
  expect(stderr).toMatch(
    /plain has no counts: encode the text with them \(`maskloom encode --counts`\)/,
  );
  expect(code).toBe(1);
  await succeed(...text(), '--counts', '--out', at('counted'));
  await succeed(...plan('counted', ...random));
  const stream = ['--plan', at('plan.json'), '--data', at('counted'), '--steps', '4'];
  const [one, two] = [
    await succeed('verify', ...stream, '--workers', '0'),
    await succeed('verify', ...stream, '--workers', '2'),
  ];
  expect(two).toBe(one);
  const plain = (await openDataset(at('plain'))).manifest;
  const counted = (await openDataset(at('counted'))).manifest;
  expect(counted.vocab.counts?.reduce((sum, count) => sum + count, 0)).toBe(counted.tokens);
  expect({ ...counted, vocab: plain.vocab }).toEqual(plain);
});
