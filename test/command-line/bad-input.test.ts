import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { maskloom } from '../support/run.ts';
import { writeTinyDataset } from '../support/tiny-dataset.ts';

let folder: string;
const at = (...path: string[]) => join(folder, ...path);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskloom-bad-input-'));
  await writeTinyDataset(at('data'), 100);
  await mkdir(at('texts'));
  const words = 'the people of the union have a government of laws and not of men';
  await writeFile(at('texts', 'good.txt'), `${`${words}. `.repeat(50)}\n`);
  const train = ['tokenizer', 'train', at('texts'), '--vocab-size', '60', '--out', at('tokenizer')];
  expect(await maskloom(...train)).toMatchObject({ code: 0, stderr: '' });
  const plan = ['plan', '--data', at('data'), '--batch', '8', '--out', at('plan.json')];
  expect(await maskloom(...plan)).toMatchObject({ code: 0, stderr: '' });
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs a command that must fail with one line, without a stack, and write nothing. */
async function expectRefusal(words: string[], message: RegExp): Promise<void> {
  const before = await readdir(folder);
  const { code, stdout, stderr } = await maskloom(...words);
  expect(stderr).toMatch(message);
  expect(stderr).toMatch(/^maskloom: [^\n]+\n$/);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(code).toBeGreaterThan(0);
  expect(stdout).toBe('');
  expect(await readdir(folder)).toEqual(before);
}

describe('maskloom encode refuses, and writes nothing', () => {
  const encode = (input: string, ...more: string[]) => [
    'encode',
    input,
    '--tokenizer',
    at('tokenizer'),
    '--out',
    at('encoded'),
    ...more,
  ];

  test('text that is missing', () => expectRefusal(encode(at('nothing.txt')), /nothing\.txt/));

  test('text that is empty', async () => {
    await writeFile(at('texts', 'empty.txt'), ' \n');
    await expectRefusal(encode(at('texts', 'empty.txt')), /empty/);
    await rm(at('texts', 'empty.txt'));
  });

  test('text that is not UTF-8, naming file and byte', async () => {
    await writeFile(at('texts', 'latin.txt'), Buffer.from('The caf\xe9 is open. ', 'latin1'));
    await expectRefusal(
      encode(at('texts')),
      /latin\.txt.*byte 7\b.*UTF-8|latin\.txt.*UTF-8.*byte 7\b/,
    );
    await rm(at('texts', 'latin.txt'));
  });

  test('a tokenizer that is not there', () =>
    expectRefusal(
      ['encode', at('texts'), '--tokenizer', at('no-tokenizer'), '--out', at('encoded')],
      /no-tokenizer/,
    ));

  test('a folder that is there', () =>
    expectRefusal(
      ['encode', at('texts'), '--tokenizer', at('tokenizer'), '--out', at('data')],
      /data is already there: choose another folder/,
    ));

  test('a share of documents that leaves none', () =>
    expectRefusal(encode(at('texts'), '--holdout', '1'), /--holdout is 1, expected/));

  test('a folder for documents set aside that is the dataset, in it, or without --holdout', async () => {
    const held = (...more: string[]) => encode(at('texts'), ...more, '--holdout-out');
    for (const place of [at('encoded'), at('encoded', 'held'), folder]) {
      const words = [...held('--holdout', '0.5'), place];
      await expectRefusal(words, /--holdout-out is ".*", expected a folder apart from .*encoded/);
    }
    await expectRefusal(
      [...held(), at('held')],
      /--holdout-out is ".*held", expected none without/,
    );
  });

  test('a place where nobody can write, or that has no name', async () => {
    const to = (out: string) => [
      'encode',
      at('texts'),
      '--tokenizer',
      at('tokenizer'),
      '--out',
      out,
    ];
    await expectRefusal(to('/proc/maskloom'), /Cannot write \/proc\/maskloom?: ENOENT.*; choose/);
    await expectRefusal(to(at('plan.json', 'x')), /Cannot write .*plan\.json/);
    await expectRefusal(to(''), /'--out <folder>' argument '' is invalid\. Expected a path/);
  });
});

describe('maskloom tokenizer train refuses', () => {
  const train = (...more: string[]) => [
    ...['tokenizer', 'train', at('texts'), '--out', at('trained')],
    ...more,
  ];

  test('a vocabulary that does not hold the characters, saying what would', async () => {
    await expectRefusal(
      train('--vocab-size', '20'),
      /--vocab-size is 20, expected at least \d+: 5 special tokens, and \d+ characters/,
    );
    const { stderr } = await maskloom(...train('--vocab-size', '20'));
    const least = Number(/at least (\d+)/.exec(stderr)?.[1]);
    await expectRefusal(train('--vocab-size', `${least - 1}`), /--vocab-size is/);
    expect(await maskloom(...train('--vocab-size', `${least}`))).toMatchObject({ code: 0 });
    await rm(at('trained'), { recursive: true });
  });

  test('a text or a place without a name', async () => {
    await expectRefusal(['tokenizer', 'train', '', '--out', at('trained')], /Expected a path/);
    await expectRefusal(['tokenizer', 'train', at('texts'), '--out', ''], /Expected a path/);
  });
});

describe('maskloom plan refuses, and writes nothing', () => {
  const plan = (...more: string[]) => [
    'plan',
    '--data',
    at('data'),
    '--out',
    at('other.json'),
    ...more,
  ];

  test('a rate outside 0..1', () =>
    expectRefusal(plan('--rate', '1.5'), /--rate.*1\.5.*number from 0 to 1/));

  test('shares that do not sum to 1', () =>
    expectRefusal(plan('--mask', '0.9'), /mask \+ random \+ keep is 1\.1, expected a sum of 1/));

  test('a seed that is negative, fractional or above 2^64-1', async () => {
    for (const seed of ['-1', '0.5', '18446744073709551616', 'one']) {
      await expectRefusal(plan('--seed', seed), /--seed.*Expected an integer from 0 to 2\^64-1/);
    }
  });

  test('a budget below 0, or with a strategy that has none', async () => {
    const bert = ['--strategy', 'bert'];
    await expectRefusal(plan(...bert, '--max-predictions', '-1'), /--max-predictions.*from 0/);
    await expectRefusal(plan('--max-predictions', '9'), /--max-predictions is 9, expected given/);
  });

  test('a batch larger than the dataset', () =>
    expectRefusal(plan('--batch', '101'), /100 rows do not fill one batch of 101/));

  test('rates that are no schedule', async () => {
    await expectRefusal(plan('--rates', 'step:0'), /--rates.*step:0=0\.3,10000=0\.15/);
    await expectRefusal(plan('--rates', 'epoch:0=1.5'), /--rates.*from 0 to 1/);
    await expectRefusal(plan('--rates', 'epoch:2=0.1,1=0.2'), /epoch is 1, expected ascending/);
  });

  test('rates in static mode', () =>
    expectRefusal(plan('--rates', 'epoch:0=0.2', '--mode', 'static'), /none in static mode/));

  test('copies in dynamic mode', () => expectRefusal(plan('--copies', '2'), /copies is 2/));

  test('sentence order for samples of one segment', async () => {
    const encode = ['encode', at('texts', 'good.txt'), '--tokenizer', at('tokenizer')];
    const whole = await maskloom(...encode, '--max-length', '32', '--out', at('whole'));
    expect(whole).toMatchObject({ code: 0, stderr: '' });
    await expectRefusal(
      ['plan', '--sentence-order', '--data', at('whole'), '--out', at('other.json')],
      /sentence order, but .*whole has no column "segment": encode the text in pairs/,
    );
  });

  test('a folder, or nothing, in the place of the plan', async () => {
    const words = (out: string) => ['plan', '--data', at('data'), '--batch', '8', '--out', out];
    await expectRefusal(words(at('texts')), /Cannot write .*texts: a folder has that name/);
    await expectRefusal(words(''), /'--out <file>' argument '' is invalid\. Expected a path/);
    await expectRefusal(
      ['plan', '--data', '', '--out', at('other.json')],
      /'--data <folder(\[=weight\])?>' argument '' is invalid\. Expected a path/,
    );
  });

  test('a manifest that is not true', async () => {
    const manifest = at('data', 'manifest.json');
    const good = await readFile(manifest, 'utf8');
    await writeFile(manifest, good.replace(/"longest": \d+/, '"longest": 7'));
    await expectRefusal(plan(), /data\/manifest\.json: longest is 7, expected \d+, as the shards/);
    await writeFile(manifest, good);
  });

  test('a dataset that is not there', () =>
    expectRefusal(
      ['plan', '--data', at('nowhere'), '--out', at('other.json')],
      /No dataset at .*nowhere: found no manifest\.json there/,
    ));
});

describe('maskloom verify and serve refuse', () => {
  const verify = (...more: string[]) => ['verify', '--plan', at('plan.json'), ...more];

  test('a shard that is torn or altered, with expected and found', async () => {
    const shard = at('data', 'shard-00000.arrow');
    const good = await readFile(shard);
    const altered = Buffer.from(good);
    altered[1000]! ^= 1;
    await writeFile(shard, altered);
    await expectRefusal(
      verify('--data', at('data')),
      /shard-00000\.arrow: found SHA-256 [0-9a-f]{64}, expected SHA-256 [0-9a-f]{64}/,
    );
    await truncate(shard, 1000);
    await expectRefusal(verify('--data', at('data')), /found 1000 bytes, expected \d+ bytes/);
    await writeFile(shard, good);
  });

  test('a manifest that is torn', async () => {
    const manifest = at('data', 'manifest.json');
    const good = await readFile(manifest, 'utf8');
    await writeFile(manifest, good.slice(0, good.length / 2));
    await expectRefusal(verify('--data', at('data')), /manifest\.json: not valid JSON/);
    await writeFile(manifest, good);
  });

  test('a plan of another dataset', async () => {
    await writeTinyDataset(at('data2'), 90);
    await expectRefusal(verify('--data', at('data2')), /The plan names dataset [0-9a-f]{64}/);
  });

  test('a plan that is torn, or missing', async () => {
    await writeFile(at('torn.json'), (await readFile(at('plan.json'), 'utf8')).slice(0, 50));
    const torn = ['verify', '--plan', at('torn.json'), '--data', at('data')];
    await expectRefusal(torn, /torn\.json: The plan is not valid JSON/);
    await writeFile(at('torn.json'), '{}');
    await expectRefusal(
      torn,
      /torn\.json: The plan has version nothing, expected 1: make it again/,
    );
    const aFolder = ['verify', '--plan', at('data'), '--data', at('data')];
    await expectRefusal(aFolder, /data: a folder, expected a file/);
    const missing = ['verify', '--plan', at('missing.json'), '--data', at('data')];
    await expectRefusal(missing, /missing\.json: no such file or folder/);
  });

  test('ranks that do not divide the batch', () =>
    expectRefusal(
      verify('--data', at('data'), '--ranks', '3'),
      /world is 3, expected a divisor of the global batch of 8 rows/,
    ));

  test('a port that is none, a host that is none, and an empty host', async () => {
    const words = ['serve', '--plan', at('plan.json'), '--data', at('data')];
    await expectRefusal([...words, '--port', '99999'], /--port .*'99999'.*integer from 0 to 65535/);
    await expectRefusal(
      [...words, '--port', '0', '--host', 'nohost.invalid'],
      /nohost\.invalid: (no address has that name|that name could not be looked up).*--host/,
    );
    await expectRefusal([...words, '--host', ''], /--host .*Expected an address such as 127/);
  });

  test('more workers, and more batches ahead, than a machine holds', async () => {
    const data = ['--data', at('data')];
    await expectRefusal(
      verify(...data, '--workers', '1000000'),
      /--workers .*'1000000'.*Expected an integer from 0 to 256/,
    );
    await expectRefusal(
      verify(...data, '--prefetch', '1000000000'),
      /--prefetch .*Expected an integer from 0 to 1024/,
    );
  });

  test('a port in use', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const words = ['serve', '--plan', at('plan.json'), '--data', at('data'), '--port', `${port}`];
    await expectRefusal(words, /the port is in use: give another with --port/);
    server.close();
  });
});

describe('maskloom preview refuses', () => {
  const preview = (tokenizer: string, ...more: string[]) => [
    ...['preview', '--plan', at('seen.json'), '--data', at('seen'), '--tokenizer', tokenizer],
    ...more,
  ];
  beforeAll(async () => {
    const encode = ['encode', at('texts', 'good.txt'), '--tokenizer', at('tokenizer')];
    expect(await maskloom(...encode, '--max-length', '32', '--out', at('seen'))).toMatchObject({
      code: 0,
    });
    const plan = ['plan', '--data', at('seen'), '--batch', '2', '--out', at('seen.json')];
    expect(await maskloom(...plan)).toMatchObject({ code: 0 });
    const train = ['tokenizer', 'train', at('texts'), '--vocab-size', '61'];
    expect(await maskloom(...train, '--out', at('tokenizer2'))).toMatchObject({ code: 0 });
  });

  test('another tokenizer than the dataset was encoded with', async () => {
    expect(await maskloom(...preview(at('tokenizer')))).toMatchObject({ code: 0, stderr: '' });
    await expectRefusal(
      preview(at('tokenizer2')),
      /--tokenizer is ".*tokenizer2", expected the one that .*seen was encoded with \(SHA-256 [0-9a-f]{64}/,
    );
  });

  test('a dataset that is not the plan’s, a sample that it does not have, copies of dynamic masks', async () => {
    await expectRefusal(
      ['preview', '--plan', at('seen.json'), '--data', at('data'), '--tokenizer', at('tokenizer')],
      /The plan names dataset [0-9a-f]{64}/,
    );
    await expectRefusal(
      preview(at('tokenizer'), '--sample', '9999'),
      /--sample is "9999", expected an id from 0 to \d+/,
    );
    await expectRefusal(
      preview(at('tokenizer'), '--copies', '2'),
      /--copies is 2, expected none without --mode static/,
    );
  });
});

describe('maskloom', () => {
  test('prints its version', async () => {
    const { version } = JSON.parse(
      await readFile(new URL('../../apps/loader/package.json', import.meta.url), 'utf8'),
    ) as { version: string };
    expect(await maskloom('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  test.each(['tokenizer', 'encode', 'plan', 'verify', 'preview', 'serve'])(
    'tells how %s is used',
    async (command) => {
      const { code, stdout, stderr } = await maskloom(command, '--help');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(/^Usage: maskloom/);
    },
  );

  test('shows the stack on request', async () => {
    const { stderr } = await maskloom('verify', '--plan', 'x', '--data', 'y', '--verbose');
    expect(stderr).toMatch(/^\s+at /m);
  });

  test('names an unknown option and an unknown command', async () => {
    await expectRefusal(
      ['serve', '--plan', 'x', '--data', 'y', '--prot', '1'],
      /^maskloom: unknown option '--prot' \(Did you mean --port\?\); see `maskloom serve --help`$/m,
    );
    await expectRefusal(
      ['serve'],
      /^maskloom: required option '--data <folder>' not specified; see/,
    );
    await expectRefusal(['sreve'], /^maskloom: unknown command 'sreve'/);
    expect(await maskloom('sreve')).toMatchObject({ code: 2 });
  });
});
