/**
 * @file The header of a safetensors file (https://huggingface.co/docs/safetensors): after 8 bytes with its length, a JSON
 * object that says of each tensor its type, its shape and its place among the bytes that follow.
 */
import { TrainingError } from '../errors.ts';
import { damagedAdvice } from './durable-file.ts';

/** Bytes of a value. */
const valueSizes = { F32: 4, F16: 2, BF16: 2 } as const;

/** Types of values that are read; F32 alone is written. */
export type Dtype = keyof typeof valueSizes;

/** What a header says of a tensor. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** First byte, counted from the end of the header, and the one after the last. */
  readonly begin: number;
  readonly end: number;
}

/** A header's content. */
export interface SafetensorsHeader {
  /** In the order of their bytes. */
  readonly entries: readonly TensorEntry[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** Name in the header of what is no tensor. */
export const metadataName = '__metadata__';

/** A header with the length before it, which ends at a multiple of 8 bytes. */
export function headerBytes({ entries, metadata }: SafetensorsHeader): Uint8Array<ArrayBuffer> {
  const tensors = entries.map(({ name, dtype, shape, begin, end }) => [
    name,
    { dtype, shape, data_offsets: [begin, end] },
  ]);
  const hasMetadata = Object.keys(metadata).length > 0;
  const all = Object.fromEntries([...(hasMetadata ? [[metadataName, metadata]] : []), ...tensors]);
  const json = new TextEncoder().encode(JSON.stringify(all));
  const length = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(json, 8);
  return bytes;
}

/**
 * Reads a header, and checks that its tensors fill the file without a gap.
 *
 * @param path for messages
 * @param dataBytes bytes after the header
 * @throws {TrainingError}
 */
export function parseHeader(path: string, json: string, dataBytes: number): SafetensorsHeader {
  const { [metadataName]: metadata = {}, ...tensors } = parseObject(path, json);
  const entries = Object.entries(tensors)
    .map(([name, entry]) => parseEntry(path, name, entry))
    .sort((one, other) => one.begin - other.begin || one.end - other.end);
  checkPlaces(path, entries, dataBytes);
  return { entries, metadata: parseMetadata(path, metadata) };
}

function parseObject(path: string, json: string): Record<string, unknown> {
  let found: unknown;
  try {
    found = JSON.parse(json);
  } catch (cause) {
    throw headerError(path, `a header that is no JSON (${(cause as Error).message})`, { cause });
  }
  if (!isObject(found)) throw headerError(path, 'a header that is no JSON object');
  return found;
}

function parseEntry(path: string, name: string, entry: unknown): TensorEntry {
  const { dtype, shape, data_offsets: offsets } = isObject(entry) ? entry : {};
  if (!isCounts(shape) || !isCounts(offsets) || offsets.length !== 2) {
    throw headerError(path, `${JSON.stringify(entry)} for the tensor ${name}`);
  }
  if (!isDtype(dtype)) {
    const known = Object.keys(valueSizes).join(', ');
    throw new TrainingError(
      'CHECKPOINT',
      `${path}: the tensor ${name} is of type ${JSON.stringify(dtype)}, expected one of ${known}: convert it`,
    );
  }
  const [begin, end] = offsets as readonly [number, number];
  const size = shape.reduce((product, side) => product * side, valueSizes[dtype]);
  if (end - begin !== size) {
    const place = `bytes ${begin} to ${end} for the tensor ${name}`;
    throw headerError(path, `${place}, whose shape [${shape}] of ${dtype} takes ${size} bytes`);
  }
  return { name, dtype, shape, begin, end };
}

function checkPlaces(path: string, entries: readonly TensorEntry[], dataBytes: number): void {
  let next = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== next) {
      const what = begin < next ? 'overlaps another' : 'leaves a gap before it';
      throw headerError(path, `the tensor ${name} at byte ${begin}, where it ${what} (${next})`);
    }
    next = end;
  }
  if (next !== dataBytes) {
    throw new TrainingError(
      'CHECKPOINT',
      `${path} has ${dataBytes} bytes of tensors, expected ${next} as its header says: ${damagedAdvice}`,
    );
  }
}

function parseMetadata(path: string, metadata: unknown): Record<string, string> {
  const values = isObject(metadata) ? Object.values(metadata) : [undefined];
  if (!values.every((value) => typeof value === 'string')) {
    throw headerError(path, `${JSON.stringify(metadata)} as ${metadataName}`);
  }
  return metadata as Record<string, string>;
}

/** The error of a file whose header is none. */
export function headerError(path: string, found: string, options?: ErrorOptions): TrainingError {
  return new TrainingError(
    'CHECKPOINT',
    `${path} has ${found}, expected a safetensors file: ${damagedAdvice}`,
    options,
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((one) => Number.isSafeInteger(one) && one >= 0);
}

function isDtype(value: unknown): value is Dtype {
  return typeof value === 'string' && Object.hasOwn(valueSizes, value);
}
