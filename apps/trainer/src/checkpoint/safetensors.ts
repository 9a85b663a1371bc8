/** @file Tensors in a file of the safetensors format (https://huggingface.co/docs/safetensors). */
import type { FileHandle } from 'node:fs/promises';
import { TrainingError } from '../errors.ts';
import { type FileDigest, readFully, withFile, writeDurably } from './durable-file.ts';
import { fromBfloat16, fromFloat16 } from './half-floats.ts';
import {
  headerBytes,
  headerError,
  metadataName,
  parseHeader,
  type SafetensorsHeader,
  type TensorEntry,
} from './safetensors-header.ts';

/** A tensor on the host: its values in row-major order. */
export interface HostTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array<ArrayBuffer>;
}

export type HostTensors = Record<string, HostTensor>;

/** What a safetensors file holds. */
export interface Safetensors {
  readonly tensors: HostTensors;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Bytes of JSON that a header may have, as in Hugging Face's own reader. */
const longestHeader = 100_000_000;

/**
 * Writes tensors as F32, sorted by name: under a temporary name first, so that the file is whole or not there.
 *
 * @throws {TrainingError} if a shape does not fit its data, or the file cannot be written.
 */
export async function writeSafetensors(
  path: string,
  tensors: HostTensors,
  metadata: Readonly<Record<string, string>> = {},
): Promise<FileDigest> {
  const names = Object.keys(tensors).sort();
  const entries: TensorEntry[] = [];
  let begin = 0;
  for (const name of names) {
    const { shape, data } = tensors[name]!;
    checkTensor(path, name, tensors[name]!);
    const end = begin + data.byteLength;
    entries.push({ name, dtype: 'F32', shape, begin, end });
    begin = end;
  }
  const bytes = names.map((name) => bytesOf(tensors[name]!.data));
  return writeDurably(path, [headerBytes({ entries, metadata }), ...bytes]);
}

function checkTensor(path: string, name: string, { shape, data }: HostTensor): void {
  if (name === metadataName) {
    throw new TrainingError('CHECKPOINT', `${path}: no tensor can be named ${name}: rename it`);
  }
  const size = shape.reduce((product, side) => product * side, 1);
  if (size === data.length) return;
  const expected = `expected the ${size} of its shape [${shape}]`;
  throw new TrainingError(
    'CHECKPOINT',
    `${path}: the tensor ${name} has ${data.length} values, ${expected}: correct one of them`,
  );
}

/**
 * Reads a whole file; F16 and BF16 become F32.
 *
 * @throws {TrainingError} if the file cannot be read, is cut short, or is no safetensors file of these types.
 */
export function readSafetensors(path: string): Promise<Safetensors> {
  return withFile(path, async (file) => {
    const { header, dataStart } = await readHeader(path, file);
    const tensors: [string, HostTensor][] = [];
    for (const entry of header.entries) {
      const data = await readValues(path, file, entry, dataStart);
      tensors.push([entry.name, { shape: entry.shape, data }]);
    }
    return { tensors: Object.fromEntries(tensors), metadata: header.metadata };
  });
}

async function readHeader(
  path: string,
  file: FileHandle,
): Promise<{ header: SafetensorsHeader; dataStart: number }> {
  const { size } = await file.stat();
  const start = new Uint8Array(8);
  await readFully(path, file, start, 0);
  const length = Number(new DataView(start.buffer).getBigUint64(0, true));
  const dataStart = 8 + length;
  if (length > longestHeader || dataStart > size) {
    throw headerError(path, `${size} bytes and a header of ${length}`);
  }
  const bytes = new Uint8Array(length);
  await readFully(path, file, bytes, 8);
  const json = new TextDecoder().decode(bytes);
  return { header: parseHeader(path, json, size - dataStart), dataStart };
}

async function readValues(
  path: string,
  file: FileHandle,
  { dtype, begin, end }: TensorEntry,
  dataStart: number,
): Promise<Float32Array<ArrayBuffer>> {
  const values =
    dtype === 'F32' ? new Float32Array((end - begin) / 4) : new Uint16Array((end - begin) / 2);
  await readFully(path, file, bytesOf(values), dataStart + begin);
  if (values instanceof Float32Array) return values;
  return dtype === 'F16' ? fromFloat16(values) : fromBfloat16(values);
}

/** The format is little-endian, as is every machine that these runtimes run on. */
function bytesOf({
  buffer,
  byteOffset,
  byteLength,
}: Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
