import { expect, test } from 'vitest';
import { DemoError } from './errors.ts';
import { parseOptions } from './options.ts';

const parse = (...args: string[]) => parseOptions(args, '/repository', '/home/user');

test('without arguments the demo trains 200 steps with 2 workers and writes to demo', () => {
  expect(parse()).toEqual({
    steps: 200,
    workers: 2,
    batch: 8,
    seed: '42',
    texts: ['sotu'],
    out: '/repository/demo',
    verbose: false,
    help: false,
  });
});

test('arguments are read, a folder from where the user is', () => {
  const given = [
    '--steps',
    '3000',
    '--workers=1',
    '--seed',
    '18446744073709551615',
    '--out',
    'there',
  ];
  const texts = ['--text', 'sotu', '--text', 'moby-dick', '--text', 'sotu'];
  expect(parse(...given, ...texts)).toMatchObject({
    steps: 3000,
    workers: 1,
    seed: '18446744073709551615',
    texts: ['moby-dick', 'sotu'],
    out: '/home/user/there',
  });
});

test('bad arguments are refused in one line', () => {
  for (const [args, message] of [
    [['--steps', '0'], '--steps is "0", expected an integer from 1 to 1000000'],
    [['--steps', '1e3'], '--steps is "1e3"'],
    [['--workers', '-1'], /workers/],
    [['--seed', '18446744073709551616'], '--seed is "18446744073709551616", expected an integer'],
    [['--text', 'bible'], '--text is "bible", expected sotu or moby-dick'],
    [['--epochs', '3'], /--epochs/],
    [['more'], /more/],
    [['--steps'], /--steps/],
    [['--out', ''], '--out is "", expected a folder'],
    [['--workers', '257'], '--workers is "257", expected an integer from 1 to 256'],
  ] as const) {
    const attempt = (): unknown => parse(...args);
    expect(attempt).toThrow(DemoError);
    expect(attempt).toThrow(message);
    expect(attempt).not.toThrow(/\n/);
  }
});
