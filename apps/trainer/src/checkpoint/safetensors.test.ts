import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { TrainingError } from '../errors.ts';
import { type HostTensors, readSafetensors, writeSafetensors } from './safetensors.ts';

const tensors: HostTensors = {
  'b.weight': { shape: [2, 3], data: Float32Array.of(1, -0, NaN, Infinity, 1e-45, 3.4e38) },
  'a.bias': { shape: [2], data: Float32Array.of(0.1, -2) },
  empty: { shape: [0, 4], data: new Float32Array() },
  scalar: { shape: [], data: Float32Array.of(7) },
};

/** Runs a test in a folder of its own, with the path of a file that is not there yet. */
function testFile(name: string, run: (path: string, folder: string) => Promise<void>): void {
  Deno.test(name, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'maskloom-safetensors-'));
    await run(join(folder, 'x.safetensors'), folder).finally(() => rm(folder, { recursive: true }));
  });
}

/** A file with this header and so many bytes of tensors. */
async function writeRaw(path: string, header: unknown, dataBytes: number): Promise<void> {
  const json = typeof header === 'string' ? header : JSON.stringify(header);
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(new TextEncoder().encode(json), 8);
  await writeFile(path, bytes);
}

async function refusal(action: Promise<unknown>): Promise<string> {
  const error = await action.then(
    () => assert.fail('nothing was thrown'),
    (thrown) => thrown,
  );
  assert.ok(error instanceof TrainingError, String(error));
  assert.equal(error.code, 'CHECKPOINT');
  return error.message;
}

testFile('tensors come back bit for bit, with their shapes and the metadata', async (path) => {
  await writeSafetensors(path, tensors, { format: 'pt', 'with "quotes"': 'ä\n' });
  const found = await readSafetensors(path);
  assert.deepEqual(found.metadata, { format: 'pt', 'with "quotes"': 'ä\n' });
  assert.deepEqual(Object.keys(found.tensors), ['a.bias', 'b.weight', 'empty', 'scalar']);
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    assert.deepEqual(found.tensors[name]!.shape, shape);
    assert.deepEqual(new Uint8Array(found.tensors[name]!.data.buffer), new Uint8Array(data.buffer));
  }
});

testFile('a file without tensors is one too', async (path) => {
  await writeSafetensors(path, {});
  assert.deepEqual(await readSafetensors(path), { tensors: {}, metadata: {} });
});

testFile('part of a larger array is written, and not the rest of it', async (path) => {
  const data = Float32Array.of(1, 2, 3, 4).subarray(1, 3);
  await writeSafetensors(path, { part: { shape: [2], data } });
  assert.deepEqual([...(await readSafetensors(path)).tensors['part']!.data], [2, 3]);
});

testFile('the same tensors are the same bytes, whatever their order', async (path) => {
  const digest = await writeSafetensors(path, tensors);
  const backwards = Object.fromEntries(Object.entries(tensors).reverse());
  assert.deepEqual(await writeSafetensors(path, backwards), digest);
  const bytes = await readFile(path);
  assert.equal(bytes.length, digest.bytes);
  assert.equal(bytes.readBigUint64LE() % 8n, 0n);
});

testFile('tensors larger than what is written at once come back', async (path) => {
  const data = Float32Array.from({ length: 2 ** 23 + 5 }, (_, index) => index);
  await writeSafetensors(path, {
    a: { shape: [3], data: data.slice(0, 3) },
    b: { shape: [data.length], data },
  });
  const found = (await readSafetensors(path)).tensors['b']!.data;
  assert.ok(found.every((value, index) => value === index));
  assert.equal(found.length, data.length);
});

testFile('halves are read as floats', async (path) => {
  const header = {
    f16: { dtype: 'F16', shape: [2], data_offsets: [0, 4] },
    bf16: { dtype: 'BF16', shape: [1, 2], data_offsets: [4, 8] },
  };
  await writeRaw(path, header, 8);
  const bytes = await readFile(path);
  bytes.set([0x00, 0x3c, 0x00, 0xc0, 0x80, 0x3f, 0x00, 0xc0], bytes.length - 8);
  await writeFile(path, bytes);
  const { f16, bf16 } = (await readSafetensors(path)).tensors;
  assert.deepEqual(f16, { shape: [2], data: Float32Array.of(1, -2) });
  assert.deepEqual(bf16, { shape: [1, 2], data: Float32Array.of(1, -2) });
});

testFile('a file cut short anywhere is refused', async (path) => {
  const { bytes } = await writeSafetensors(path, tensors);
  for (const size of [0, 7, 8, 100, bytes - 8, bytes - 1]) {
    await writeSafetensors(path, tensors);
    await truncate(path, size);
    assert.match(
      await refusal(readSafetensors(path)),
      /x\.safetensors .*expected/,
      `${size} bytes`,
    );
  }
});

const f32 = (begin: number, end: number, shape = [(end - begin) / 4]) => ({
  dtype: 'F32',
  shape,
  data_offsets: [begin, end],
});

const badHeaders: readonly (readonly [what: string, header: unknown, expected: RegExp])[] = [
  ['no JSON', '{"a": ', /a header that is no JSON/],
  ['no object', '[1]', /a header that is no JSON object/],
  [
    'an unknown type',
    { a: { ...f32(0, 8), dtype: 'I64' } },
    /tensor a is of type "I64", expected one of F32, F16, BF16/,
  ],
  [
    'a type of Object',
    { a: { ...f32(0, 8), dtype: 'toString' } },
    /tensor a is of type "toString"/,
  ],
  ['no shape', { a: { dtype: 'F32', data_offsets: [0, 8] } }, /for the tensor a/],
  ['a negative side', { a: f32(0, 8, [-1, -2]) }, /for the tensor a/],
  ['a fraction as offset', { a: { ...f32(0, 8), data_offsets: [0.5, 8] } }, /for the tensor a/],
  ['one offset', { a: { ...f32(0, 8), data_offsets: [0] } }, /for the tensor a/],
  [
    'a shape of another size',
    { a: f32(0, 8, [3]) },
    /bytes 0 to 8 for the tensor a, whose shape \[3\] of F32 takes 12/,
  ],
  ['offsets backwards', { a: { ...f32(0, 8), data_offsets: [8, 0] } }, /bytes 8 to 0/],
  ['an overlap', { a: f32(0, 8), b: f32(4, 8) }, /tensor b at byte 4, where it overlaps another/],
  ['a gap', { a: f32(0, 4), b: f32(8, 12) }, /tensor b at byte 8, where it leaves a gap/],
  ['bytes beyond the end', { a: f32(0, 12) }, /has 8 bytes of tensors, expected 12/],
  ['bytes of no tensor', { a: f32(0, 4) }, /has 8 bytes of tensors, expected 4/],
  ['metadata of numbers', { __metadata__: { a: 1 }, b: f32(0, 8) }, /as __metadata__/],
];

for (const [what, header, expected] of badHeaders) {
  testFile(`a header with ${what} is refused`, async (path) => {
    await writeRaw(path, header, 8);
    assert.match(await refusal(readSafetensors(path)), expected);
  });
}

testFile('a header that claims to be endless is refused', async (path) => {
  await writeFile(path, new Uint8Array(64).fill(255));
  assert.match(
    await refusal(readSafetensors(path)),
    /64 bytes and a header of 18446744073709552000/,
  );
});

testFile('a tensor whose shape is not that of its values is not written', async (path, folder) => {
  const wrong = { a: { shape: [2, 2], data: new Float32Array(3) } };
  assert.match(await refusal(writeSafetensors(path, wrong)), /a has 3 values, expected the 4/);
  const reserved = { __metadata__: { shape: [1], data: new Float32Array(1) } };
  assert.match(
    await refusal(writeSafetensors(path, reserved)),
    /no tensor can be named __metadata__/,
  );
  assert.deepEqual(await readdir(folder), []);
});

testFile('a file that is not there is named', async (path) => {
  assert.match(await refusal(readSafetensors(path)), /There is no file .*x\.safetensors: check/);
});

testFile('a full disk is told, and the older file stays as it was', async (path, folder) => {
  await writeSafetensors(path, tensors);
  const before = await readFile(path);
  // The kernel's own full device, in place of the temporary file.
  await symlink('/dev/full', `${path}.tmp-${process.pid}`);
  const message = await refusal(
    writeSafetensors(path, { a: { shape: [1], data: new Float32Array(1) } }),
  );
  assert.match(message, /Cannot write .*x\.safetensors \(No space left.*the disk is full/);
  assert.deepEqual(await readFile(path), before);
  assert.deepEqual(await readdir(folder), ['x.safetensors']);
});
