import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type HostTensors,
  readSafetensors,
  writeSafetensors,
} from '../../apps/trainer/src/checkpoint/safetensors.ts';
import { python } from '../python.mjs';
import { run } from '../support/run.ts';

const found = python();

/** Prints what a file holds: of each tensor type, shape and bytes, and the metadata. */
const read = `
import json, sys
from safetensors import safe_open
with safe_open(sys.argv[1], "np") as file:
    tensors = {name: file.get_tensor(name) for name in file.keys()}
    print(json.dumps({"metadata": file.metadata(), "tensors": {
        name: [str(t.dtype), list(t.shape), t.astype("<f4").tobytes().hex()] for name, t in tensors.items()}}))
`;

/** Writes a file with every type, and prints the values as floats of 32 bits. */
const write = `
import json, sys, torch
from safetensors.torch import save_file
values = torch.tensor([[0.1, -0.0, 65504.0], [6e-8, float("inf"), -1.5]])
tensors = {"f32": values, "f16": values.half(), "bf16": values.bfloat16(), "scalar": torch.tensor(3.0),
           "empty": torch.zeros(0, 5), "odd": torch.ones(3, dtype=torch.float16)}
save_file(tensors, sys.argv[1], {"format": "pt", "a": "ü"})
print(json.dumps({name: [list(t.shape), t.float().numpy().tobytes().hex()] for name, t in tensors.items()}))
`;

const hex = ({ buffer, byteOffset, byteLength }: Float32Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('hex');

describe.skipIf(found.path === undefined)(
  `Hugging Face's safetensors${found.path ? '' : ` (skipped: ${found.reason})`}`,
  () => {
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'maskloom-safetensors-'));
    });
    afterAll(() => rm(folder, { recursive: true }));

    async function runPython(script: string, file: string): Promise<unknown> {
      const path = join(folder, 'script.py');
      await writeFile(path, script);
      const { code, stdout, stderr } = await run(found.path!, [path, file]);
      expect(code, stderr).toBe(0);
      return JSON.parse(stdout);
    }

    test('reads what we write, bit for bit', async () => {
      const tensors: HostTensors = {
        'b.weight': { shape: [2, 3], data: Float32Array.of(1, -0, NaN, Infinity, 1e-45, 3.4e38) },
        ä: { shape: [1, 1, 2], data: Float32Array.of(0.1, -2) },
        scalar: { shape: [], data: Float32Array.of(7) },
        empty: { shape: [0, 4], data: new Float32Array() },
      };
      const path = join(folder, 'ours.safetensors');
      await writeSafetensors(path, tensors, { format: 'pt', note: '"ü"' });
      const expected = Object.entries(tensors).map(([name, { shape, data }]) => [
        name,
        ['float32', shape, hex(data)],
      ]);
      expect(await runPython(read, path)).toEqual({
        metadata: { format: 'pt', note: '"ü"' },
        tensors: Object.fromEntries(expected),
      });
    });

    test('writes what we read, halves as floats', async () => {
      const path = join(folder, 'theirs.safetensors');
      const expected = await runPython(write, path);
      const { tensors, metadata } = await readSafetensors(path);
      expect(metadata).toEqual({ format: 'pt', a: 'ü' });
      const values = Object.entries(tensors).map(([name, { shape, data }]) => [
        name,
        [shape, hex(data)],
      ]);
      expect(Object.fromEntries(values)).toEqual(expected);
    });
  },
);
