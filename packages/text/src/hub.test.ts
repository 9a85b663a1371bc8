import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { loadTokenizer } from './tokenizer.ts';
import { trainWordPiece, writeTokenizer } from './train-tokenizer.ts';

let folder: string;
const at = (...path: string[]) => join(folder, ...path);
/** Stands in for the hub, which tests can't reach: gives the tokenizer of a folder as `some/name`. */
let hub: Server;
let asked: string[];
/** What goes wrong, one answer after another. */
let faults: ('torn' | 'cut' | 'busy')[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maskloom-hub-'));
  await writeTokenizer(
    at('tokenizer'),
    await trainWordPiece(['low lower lowest'], { vocabSize: 30 }),
  );
  hub = createServer(async (request, response) => {
    asked.push(request.url!);
    const file = /^\/some\/name\/resolve\/main\/(tokenizer(?:_config)?\.json)$/.exec(request.url!);
    if (file === null) return response.writeHead(404).end('Entry not found');
    const text = await readFile(at('tokenizer', file[1]!));
    const fault = file[1] === 'tokenizer.json' ? faults.shift() : undefined;
    if (fault === 'busy') return response.writeHead(503).end();
    if (fault === 'torn') return response.end(text.subarray(0, 300));
    if (fault === undefined) return response.end(text);
    response.writeHead(200, { 'content-length': text.length });
    response.write(text.subarray(0, 300), () => response.destroy());
    return response;
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => hub.once('listening', resolve));
  process.env['HF_ENDPOINT'] = `http://127.0.0.1:${(hub.address() as AddressInfo).port}/`;
});
afterAll(async () => {
  hub.close();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  asked = [];
  faults = [];
  process.env['XDG_CACHE_HOME'] = at('cache');
});
afterEach(() => rm(at('cache'), { recursive: true, force: true }));

const cacheFile = () => at('cache', 'maskloom', 'tokenizers', 'some', 'name', 'tokenizer.json');

describe('a tokenizer from the hub', () => {
  test('is the one of its files, and is asked for once', async () => {
    const local = await loadTokenizer(at('tokenizer'));
    for (let time = 0; time < 2; time++) {
      const { digest, vocab, encode } = await loadTokenizer('some/name');
      expect([digest, vocab]).toEqual([local.digest, local.vocab]);
      expect(encode('lower')).toEqual(local.encode('lower'));
    }
    expect(asked.sort()).toEqual(
      ['tokenizer.json', 'tokenizer_config.json'].map((file) => `/some/name/resolve/main/${file}`),
    );
  });

  test.each(['torn', 'cut', 'busy'] as const)(
    'is fetched again when it comes %s',
    async (fault) => {
      faults = [fault, fault];
      await loadTokenizer('some/name');
      expect(asked).toHaveLength(4);
      expect(await readFile(cacheFile())).toEqual(
        await readFile(at('tokenizer', 'tokenizer.json')),
      );
      expect(await readdir(join(cacheFile(), '..'))).toHaveLength(2);
    },
  );

  test('is fetched again when the cache has it torn', async () => {
    await loadTokenizer('some/name');
    await truncate(cacheFile(), 300);
    const { digest } = await loadTokenizer('some/name');
    expect(asked).toHaveLength(3);
    expect(digest).toBe((await loadTokenizer(at('tokenizer'))).digest);
    expect(asked).toHaveLength(3);
  });

  test('needs no cache that can be written to', async () => {
    await writeFile(at('file'), '');
    process.env['XDG_CACHE_HOME'] = at('file');
    const { digest } = await loadTokenizer('some/name');
    expect(digest).toBe((await loadTokenizer(at('tokenizer'))).digest);
  });

  test('that keeps coming torn is refused in one line that names the file, and not kept', async () => {
    faults = ['torn', 'torn', 'torn'];
    await expect(loadTokenizer('some/name')).rejects.toThrow(
      /^Unknown tokenizer "some\/name": .*main\/tokenizer\.json: not valid JSON after 300 characters, 3 times.*\n?$/,
    );
    await expect(readFile(cacheFile())).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('that the hub does not have is asked for once, and refused', async () => {
    const loading = loadTokenizer('other/name');
    await expect(loading).rejects.toThrow(/other\/name\/.*json answered 404\); check the name/);
    await expect(loading).rejects.toMatchObject({ code: 'TOKENIZER', tokenizer: 'other/name' });
    expect(asked.length).toBeLessThanOrEqual(2);
    await expect(loadTokenizer('../name')).rejects.toThrow(/No tokenizer at \.\.\/name/);
  });
});

describe('the files of a tokenizer', () => {
  const broken = async (text: string, config = '{}') => {
    await mkdir(at('broken'), { recursive: true });
    await writeFile(at('broken', 'tokenizer.json'), text);
    await writeFile(at('broken', 'tokenizer_config.json'), config);
    return loadTokenizer(at('broken'));
  };

  test('are named where they are torn, or hold something else', async () => {
    for (const [text, message] of [
      ['{', /broken\/tokenizer\.json: not valid JSON after 1 characters; copy/],
      ['[]', /broken\/tokenizer\.json: not a JSON object; copy/],
      ['{}', /broken\/tokenizer\.json: no field "model", an object; copy/],
      ['{"model":{}}', /broken\/tokenizer\.json: no field "added_tokens", an array; copy/],
      ['{"model":{},"added_tokens":[]}', /tokenizer .*broken is of no kind that .* reads/],
      ['{"model":{"type":"WordPiece"},"added_tokens":[null]}', /broken is of no kind/],
    ] as const) {
      await expect(broken(text)).rejects.toThrow(message);
      await expect(broken(text)).rejects.toMatchObject({ code: 'TOKENIZER' });
      await expect(broken(text)).rejects.not.toThrow(/undefined|Cannot read|not iterable/);
    }
    const good = await readFile(at('tokenizer', 'tokenizer.json'), 'utf8');
    await expect(broken(good, 'x')).rejects.toThrow(/tokenizer_config\.json: not valid JSON/);
  });
});
