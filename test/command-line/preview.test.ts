/** @file `maskloom preview --step`: the samples of a batch, so that one that a trainer names can be looked at. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { maskloom } from '../support/run.ts';

let folder: string;
const at = (name: string) => join(folder, name);

async function succeed(...words: string[]): Promise<string> {
  const ended = await maskloom(...words);
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  return ended.stdout;
}

interface Shown {
  readonly plan: string;
  readonly digest: string;
  readonly samples: readonly {
    readonly row: number;
    readonly sample: string;
    readonly tokens?: readonly { readonly action: string }[];
    readonly input?: readonly string[];
    readonly target?: readonly string[];
    readonly sentenceLabel?: number;
  }[];
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskloom-preview-'));
  const words = 'the people of the union have a government of laws and not of men. ';
  await writeFile(at('text.txt'), words.repeat(60));
  await writeFile(at('other.txt'), 'of men and laws have the people not a government. '.repeat(30));
  const train = ['tokenizer', 'train', at('text.txt'), '--vocab-size', '90', '--sentinels', '20'];
  await succeed(...train, '--out', at('tokenizer'));
  const encode = (text: string, data: string, ...more: string[]) =>
    succeed(
      ...['encode', at(text), '--tokenizer', at('tokenizer'), '--max-length', '24', ...more],
      ...['--out', at(data)],
    );
  await encode('text.txt', 'data');
  await encode('other.txt', 'other');
  await encode('text.txt', 'pairs', '--pairs');
});
afterAll(() => rm(folder, { recursive: true }));

/** What is planned, of which data, and an epoch to look at. */
const plans: [string, string[], string[], string][] = [
  ['samples', ['data'], [], '1'],
  ['static masks', ['data'], ['--mode', 'static', '--copies', '2'], '1'],
  ['packed rows', ['data'], ['--pack', '64'], '1'],
  // Later on, its datasets are in epochs of their own.
  ['a mixture', ['data', 'other'], [], '0'],
  ['sentence order', ['pairs'], ['--strategy', 'albert', '--sentence-order'], '1'],
  ['span corruption', ['data'], ['--strategy', 't5'], '1'],
];

async function makePlan(data: string[], more: string[]): Promise<string[]> {
  const folders = (suffix: string) => data.flatMap((name) => ['--data', `${at(name)}${suffix}`]);
  const weighted = folders(data.length > 1 ? '=1' : '');
  await succeed('plan', ...weighted, '--batch', '4', ...more, '--out', at('plan.json'));
  return ['--plan', at('plan.json'), ...folders(''), '--indexes', at('indexes')];
}

test.each(plans)(
  'shows a batch of %s: each sample as its epoch masks it, and the digest that verify prints',
  async (_, data, more, epoch) => {
    const plan = await makePlan(data, more);
    const address = ['--epoch', epoch, '--step', '1'];
    const verify = ['verify', ...plan, ...address, '--steps', '1', '--step-digests'];
    const [, planId, digest] = /^plan (\S+)\n.* digest (\S+)\n/.exec(await succeed(...verify))!;
    const preview = ['preview', ...plan, '--tokenizer', at('tokenizer'), '--json'];
    const shown = JSON.parse(await succeed(...preview, ...address)) as Shown;
    expect(shown).toMatchObject({ plan: planId, epoch: Number(epoch), step: 1, digest });
    expect(new Set(shown.samples.map(({ row }) => row))).toEqual(new Set([0, 1, 2, 3]));
    for (const { row: _, sample, ...masked } of shown.samples.slice(0, 2)) {
      const alone = ['--sample', sample, '--epoch', epoch, '--epochs', '1'];
      const { epochs } = JSON.parse(await succeed(...preview, ...alone));
      expect(epochs[0]).toMatchObject(masked);
    }
  },
);

test('prints a batch as text', async () => {
  const plan = await makePlan(['data'], []);
  const preview = ['preview', ...plan, '--tokenizer', at('tokenizer'), '--step', '2'];
  const lines = (await succeed(...preview)).trimEnd().split('\n');
  expect(lines).toHaveLength(6);
  expect(lines[0]).toMatch(/^plan [0-9a-f]{64}$/);
  for (const [row, line] of lines.slice(1, 5).entries()) {
    expect(line).toMatch(new RegExp(`^row ${row} sample \\d+ {2}\\[CLS\\] .*\\[SEP\\]$`));
  }
  expect(lines[5]).toMatch(/^epoch 0 step 2 digest [0-9a-f]{64}$/);
});

test.each([
  [['--sample', '3'], /option '--step <number>' cannot be used with option '--sample <id>'/],
  [['--epochs', '2'], /'--step <number>' cannot be used with option '--epochs <count>'/],
  [['--mode', 'static'], /'--step <number>' cannot be used with option '--mode <mode>'/],
])('--step and %j are refused together, in one line', async (words, message) => {
  const plan = await makePlan(['data'], []);
  const preview = ['preview', ...plan, '--tokenizer', at('tokenizer'), '--step', '0'];
  const { code, stdout, stderr } = await maskloom(...preview, ...words);
  expect(stderr).toMatch(message);
  expect(stderr).toMatch(/^maskloom: [^\n]+\n$/);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
});

test('a step that the epoch does not have is refused in one line', async () => {
  const plan = await makePlan(['data'], []);
  const preview = ['preview', ...plan, '--tokenizer', at('tokenizer'), '--step', '9999'];
  const { code, stdout, stderr } = await maskloom(...preview);
  expect(stderr).toMatch(/^maskloom: --step is 9999, expected [^\n]+\n$/);
  expect(code).toBeGreaterThan(0);
  expect(stdout).toBe('');
});
