import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectStages, StreamDigest } from '@maskloom/client';
import { type Plan, parsePlan, parseStages, planId, stagesId } from '@maskloom/loader';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bin, maskloom } from '../support/run.ts';
import { writeTinyDataset } from '../support/tiny-dataset.ts';

let folder: string;
const at = (name: string) => join(folder, name);
const read = async (name: string) => parsePlan(await readFile(at(name), 'utf8'));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskloom-plan-'));
  await writeTinyDataset(at('short'), 100);
  await writeTinyDataset(at('long'), 60, 2400);
  for (const words of [
    ['plan', 'make', '--data', at('short'), '--batch', '8', '--out', at('a.json')],
    ['plan', '--data', at('short'), '--batch', '8', '--out', at('old-way.json')],
    ['plan', '--data', at('short'), '--batch', '16', '--seed', '7', '--out', at('b.json')],
    ['plan', 'make', '--data', at('long'), '--batch', '4', '--out', at('c.json')],
  ]) {
    expect(await maskloom(...words)).toMatchObject({ code: 0, stderr: '' });
  }
});
afterAll(() => rm(folder, { recursive: true }));

async function write(name: string, change: (plan: Plan) => unknown): Promise<string> {
  await writeFile(at(name), JSON.stringify(change(await read('a.json'))));
  return at(name);
}

test('maskloom plan makes a plan, with and without "make"', async () => {
  expect(await readFile(at('old-way.json'), 'utf8')).toBe(await readFile(at('a.json'), 'utf8'));
});

describe('maskloom plan check', () => {
  test('prints the plan id and the steps of a plan that holds', async () => {
    const { code, stdout, stderr } = await maskloom(
      'plan',
      'check',
      at('a.json'),
      '--data',
      at('short'),
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(`plan ${planId(await read('a.json'))}\nsteps per epoch 12\n`);
  });

  test.each([
    [
      'seed',
      (plan) => ({ ...plan, seed: 42 }),
      /bad\.json: seed is 42, expected the decimal digits of .*: correct/,
    ],
    [
      'a threshold',
      (plan) => ({ ...plan, strategy: { ...plan.strategy, select: 0.15 } }),
      /strategy\.select is 0\.15, expected an integer from 0 to 65536: correct/,
    ],
    [
      'copies',
      (plan) => ({ ...plan, copies: 2 }),
      /copies is 2, expected nothing in dynamic mode: set mode/,
    ],
    [
      'a field of no use',
      (plan) => ({ ...plan, strategy: { ...plan.strategy, world: 4 } }),
      /unknown field "strategy\.world": leave it out/,
    ],
    [
      'a missing field',
      ({ order: _, ...plan }) => plan,
      /order is missing, expected "global", "seq/,
    ],
  ] as [string, (plan: Plan) => unknown, RegExp][])(
    'names file, field, what was found and expected, and what to do, in one line: %s',
    async (_, change, message) => {
      const file = await write('bad.json', change);
      const { code, stdout, stderr } = await maskloom('plan', 'check', file);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toContain(file);
      expect(stderr).toMatch(message);
      expect(stderr.trim().split('\n')).toHaveLength(1);
    },
  );

  test('refuses a plan that is torn or missing, and data of another', async () => {
    await writeFile(at('torn.json'), (await readFile(at('a.json'), 'utf8')).slice(0, 40));
    for (const [words, message] of [
      [[at('torn.json')], /torn\.json: The plan is not valid JSON: make it again/],
      [[at('nothing.json')], /nothing\.json: no such file/],
      [[folder], /: a folder, expected a file/],
      [
        [at('a.json'), '--data', at('long')],
        /The plan names dataset [0-9a-f]{64} of 100 rows, .*long is/,
      ],
    ] as const) {
      const { code, stderr } = await maskloom('plan', 'check', ...words);
      expect(stderr).toMatch(message);
      expect(code).toBe(1);
    }
  });
});

describe('maskloom plan explain', () => {
  test('says what a plan fixes, field by field', async () => {
    const { code, stdout } = await maskloom('plan', 'explain', at('a.json'), '--data', at('short'));
    expect(code).toBe(0);
    for (const line of [
      /^plan +[0-9a-f]{64}$/m,
      /^datasets +100 samples of dataset [0-9a-f]{64}, sample ids 0 to 99$/m,
      /^strategy +Each token .* probability 14\.9994 % \(9830\/65536\)\. Of the selected, 80 % become the mask token/m,
      /^effective rate +14\.9994 %/m,
      /^mode +dynamic: new masks each epoch$/m,
      /^batch +8 rows over all ranks, of which there may be 1, 2, 4 or 8$/m,
      /^last +drop: 4 rows of an epoch \(4 %\) are left out, other ones each time$/m,
      /^steps per epoch +12$/m,
      /^memory, dense +at most .* for a global batch/m,
      /^memory, compact +at most/m,
    ]) {
      expect(stdout).toMatch(line);
    }
  });
});

describe('maskloom plan diff', () => {
  test('names each field that differs with both values, and exits with 1', async () => {
    const { code, stdout, stderr } = await maskloom('plan', 'diff', at('a.json'), at('b.json'));
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout).toBe('batch: 8 | 16\nseed: "42" | "7"\n');
  });

  test('exits with 0 for the same plan, and with 2 where one cannot be read', async () => {
    const same = await maskloom('plan', 'diff', at('a.json'), at('old-way.json'));
    expect(same).toEqual({ code: 0, stdout: '', stderr: '' });
    const missing = await maskloom('plan', 'diff', at('a.json'), at('nothing.json'));
    expect(missing).toMatchObject({ code: 2, stdout: '' });
    expect(missing.stderr).toMatch(/nothing\.json: no such file/);
  });

  test('names what only one of them has', async () => {
    const statically = await write('static.json', (plan) => ({
      ...plan,
      mode: 'static',
      copies: 2,
    }));
    const { stdout } = await maskloom('plan', 'diff', at('a.json'), statically);
    expect(stdout).toBe('copies: nothing | 2\nmode: "dynamic" | "static"\n');
  });
});

describe('a run in stages', () => {
  const verify = (...more: string[]) =>
    maskloom(
      'verify',
      '--stages',
      at('stages.json'),
      '--data',
      at('short'),
      '--data',
      at('long'),
      ...more,
    );

  test('is made of plans, checked, explained and compared', async () => {
    const stage = ['--stage', `${at('a.json')}=20`, '--stage', `${at('c.json')}=1epoch`];
    const made = await maskloom('plan', 'stages', ...stage, '--out', at('stages.json'));
    const stages = parseStages(await readFile(at('stages.json'), 'utf8'));
    const [a, c] = [await read('a.json'), await read('c.json')];
    expect(made).toEqual({
      code: 0,
      stderr: '',
      stdout: `stages ${stagesId(stages)}
stage 0 plan ${planId(a)}, 20 steps from epoch 0, step 0 on
stage 1 plan ${planId(c)}, 15 steps from epoch 0, step 0 on
`,
    });

    const data = ['--data', at('long'), '--data', at('short')];
    const checked = await maskloom('plan', 'check', at('stages.json'), ...data);
    expect(checked.stdout).toBe(`stages ${stagesId(stages)}\nsteps 35 in 2 stages\n`);
    const missing = await maskloom('plan', 'check', at('stages.json'), '--data', at('short'));
    expect(missing).toMatchObject({ code: 1 });
    expect(missing.stderr).toMatch(/The plan names dataset/);

    const explained = await maskloom('plan', 'explain', at('stages.json'));
    expect(explained.stdout).toMatch(/^stage 1: 15 steps from epoch 0, step 0 on$/m);

    const other = ['--stage', `${at('a.json')}=21@1,0`, '--stage', `${at('c.json')}=1epoch`];
    await maskloom('plan', 'stages', ...other, '--out', at('other-stages.json'));
    const diff = await maskloom('plan', 'diff', at('stages.json'), at('other-stages.json'));
    expect(diff).toMatchObject({
      code: 1,
      stdout: 'stages[0].from.epoch: 0 | 1\nstages[0].steps: 20 | 21\n',
    });
  });

  test('has one stream digest, whole or resumed at any stage, for any workers and ranks', async () => {
    const whole = await verify('--workers', '0');
    expect(whole.stderr).toBe('');
    expect(whole.stdout).toMatch(
      /^stages [0-9a-f]{64}\nstage 0 ends at step 20, digest ([0-9a-f]{64})\nstage 1 ends at step 35, digest ([0-9a-f]{64})\nsteps 35\ndigest \2\n$/,
    );
    expect((await verify('--workers', '2', '--ranks', '4')).stdout).toBe(whole.stdout);
    const first = await verify('--steps', '20', '--workers', '0');
    const [digest] = /(?<=stage 0 ends at step 20, digest )[0-9a-f]{64}/.exec(whole.stdout)!;
    expect(first.stdout).toContain(`\ndigest ${digest}\n`);
    const second = await verify('--stage', '1', '--workers', '0');
    expect(second.stdout).toMatch(/\nsteps 15\n/);
  });

  test('is served, and read by a client with the same digest', async () => {
    const data = ['--data', at('short'), '--data', at('long')];
    const words = [
      'serve',
      '--stages',
      at('stages.json'),
      ...data,
      '--port',
      '0',
      '--workers',
      '1',
    ];
    const sidecar = spawn(process.execPath, [bin, ...words], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const [line] = (await once(sidecar.stdout, 'data')) as [Buffer];
      const [, url, id] = /^listening on (\S+), stages ([0-9a-f]{64})$/m.exec(String(line))!;
      const client = await connectStages(url!);
      expect(client.stagesId).toBe(id);
      const digest = new StreamDigest(client.stagesId);
      for await (const { batch } of client.batches()) digest.update(batch);
      expect((await verify('--workers', '0')).stdout).toContain(`\ndigest ${digest.hex()}\n`);
    } finally {
      sidecar.kill();
      await once(sidecar, 'exit');
    }
    expect(sidecar.exitCode).toBe(0);
    const both = await maskloom(...words, '--plan', at('a.json'));
    expect(both.stderr).toMatch(/--plan or --stages is "both"/);
  });

  test('is refused by verify with a plan beside it, or in no stage', async () => {
    const both = await verify('--plan', at('a.json'));
    expect(both.stderr).toMatch(/--plan or --stages is "both", expected one of them/);
    const plan = ['verify', '--plan', at('a.json'), '--data', at('short'), '--stage', '1'];
    expect((await maskloom(...plan)).stderr).toMatch(/--stage is 1, expected given with --stages/);
    const beyond = await verify('--stage', '2');
    expect(beyond.stderr).toMatch(/in stage 2, and there are 2 stages/);
  });

  test.each(['a.json', 'a.json=0', 'a.json=3weeks', '=5'])(
    'cannot be made of %s',
    async (stage) => {
      const out = at('no-stages.json');
      const { code, stderr } = await maskloom('plan', 'stages', '--stage', stage, '--out', out);
      expect(code).toBe(2);
      expect(stderr).toMatch(/--stage.*short\.json=9000/);
    },
  );
});
