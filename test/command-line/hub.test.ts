import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { maskloom } from '../support/run.ts';

test('maskloom encode takes a tokenizer from the hub, and says in one line what is wrong with it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'maskloom-hub-'));
  const at = (name: string) => join(folder, name);
  // Stands in for the hub, which tests can't reach.
  const hub = createServer(async (request, response) => {
    const file = join(at('tokenizer'), basename(request.url!));
    if (request.url!.startsWith('/some/name/')) response.end(await readFile(file));
    else response.writeHead(401).end();
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => hub.once('listening', resolve));
  process.env['HF_ENDPOINT'] = `http://127.0.0.1:${(hub.address() as AddressInfo).port}`;
  process.env['XDG_CACHE_HOME'] = at('cache');
  try {
    await writeFile(
      at('text.txt'),
      'The people of the union have a government of laws. '.repeat(40),
    );
    const train = ['tokenizer', 'train', at('text.txt'), '--vocab-size', '60'];
    expect(await maskloom(...train, '--out', at('tokenizer'))).toMatchObject({ code: 0 });
    const encode = (tokenizer: string, out: string) =>
      maskloom('encode', at('text.txt'), '--tokenizer', tokenizer, '--out', at(out));
    expect(await encode(at('tokenizer'), 'local')).toMatchObject({ code: 0, stderr: '' });
    expect(await encode('some/name', 'remote')).toMatchObject({ code: 0, stderr: '' });
    const manifests = ['local', 'remote'].map((name) => readFile(join(at(name), 'manifest.json')));
    const [local, remote] = await Promise.all(manifests);
    expect(remote).toEqual(local);
    const { code, stderr } = await encode('secret/name', 'none');
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^maskloom: Unknown tokenizer "secret\/name": [^\n]*\.json answered 401\)[^\n]*\n$/,
    );
  } finally {
    hub.close();
    await rm(folder, { recursive: true });
  }
});
