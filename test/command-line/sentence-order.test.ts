import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { maskloom } from '../support/run.ts';

test('text in pairs, planned with sentence order, has one digest on 1 and 2 workers', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'maskloom-sentence-order-'));
  const at = (name: string) => join(folder, name);
  const run = async (...words: string[]) => {
    const { code, stdout, stderr } = await maskloom(...words);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    return stdout;
  };
  try {
    const words = 'the people of the union have a government of laws and not of men';
    await writeFile(at('text.txt'), `${`${words}. `.repeat(200)}\n`);
    await run('tokenizer', 'train', at('text.txt'), '--vocab-size', '60', '--out', at('tokenizer'));
    const text = ['encode', at('text.txt'), '--tokenizer', at('tokenizer')];
    await run(...text, '--pairs', '--max-length', '48', '--out', at('pairs'));
    const strategy = ['--strategy', 'albert', '--sentence-order'];
    await run('plan', '--data', at('pairs'), ...strategy, '--batch', '4', '--out', at('plan.json'));
    const stream = ['--plan', at('plan.json'), '--data', at('pairs'), '--steps', '8'];
    const [one, two] = [
      await run('verify', ...stream, '--workers', '1'),
      await run('verify', ...stream, '--workers', '2'),
    ].map((output) => /[0-9a-f]{64}\s*$/.exec(output)?.[0]);
    expect(one).toMatch(/^[0-9a-f]{64}/);
    expect(two).toBe(one);
    const shown = await run('preview', ...stream.slice(0, 4), '--tokenizer', at('tokenizer'));
    expect(shown).toContain('[MASK]');
  } finally {
    await rm(folder, { recursive: true });
  }
});
