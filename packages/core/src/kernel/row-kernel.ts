import { ArgumentError, TokenIdError } from '../errors.ts';
import type { Draws } from '../random/draws.ts';
import type { Columns, RowKernel, StrategyInput } from '../strategies/strategy.ts';
import {
  instantiate,
  type KernelMemory,
  type KernelModule,
  type KernelRoom,
  newMemory,
} from './kernel-memory.ts';

/** Tokens of the longest sample that a kernel takes, and of the rows' places that wait together. */
export const longestSample = 32768;
/** Ids of a row are followed by room up to a multiple of this. */
const group = 64;
const mostRows = 1024;
/** Words of a row's description: assembly/row.ts. */
const rowWords = 8;
const idRoom = longestSample + mostRows * group;

// What stands where in a kernel's part of a memory; tables follow.
const rowsAt = 0;
const idsAt = rowsAt + mostRows * rowWords * 4;
const inputIdsAt = idsAt + idRoom * 4;
const labelsAt = inputIdsAt + longestSample * 4;
const workAt = labelsAt + longestSample * 4;

/** No kernel needs more working memory. */
const mostWork = 44 * (longestSample + 64) + 2 ** 15;

/** What every kernel exports. */
interface Exports {
  /** Bytes of working memory for samples of up to so many tokens. */
  workBytes(longest: number): number;
  /** Sets plan and vocabulary; last comes where the working memory is. */
  configure(...parameters: number[]): void;
  /** Masks rows; tokens selected, or -1 minus the number of a row with an id that is not in the vocabulary. */
  maskRows(
    rows: number,
    count: number,
    idBytes: number,
    inputIds: number,
    labels: number,
    seedLow: number,
    seedHigh: number,
    epoch: number,
  ): number;
}

/** A plan and a vocabulary, as a kernel is told of them. */
export interface KernelSetting {
  readonly vocabSize: number;
  /** 2 where ids of 16 bits may stay as they are, else 4. */
  readonly narrowest: 2 | 4;
  /** Bytes of its tables. */
  readonly tableBytes: number;
  /** Writes the tables from an address on; returns the parameters that the kernel is configured with. */
  writeTables(buffer: ArrayBufferLike, tables: number): number[];
  /** The budget of a sample, for strategies that have one. */
  budget?(length: number, draws: Draws): number;
}

/** A kernel in a memory; plans and vocabularies take turns in it. */
class KernelHost {
  readonly #module: KernelModule;
  readonly #room: KernelRoom | undefined;
  #memory: KernelMemory;
  #exports: Exports;
  #setting: KernelSetting | undefined;

  #rows!: Uint32Array;
  #ids16!: Uint16Array;
  #ids32!: Uint32Array;
  #inputIds!: Int32Array;
  #labels!: Int32Array;
  /** The columns cut to a sample's length, so that a sample by itself allocates nothing. */
  #cut: [Int32Array, Int32Array][] = [];

  #out: Columns = { inputIds: new Int32Array(0), labels: new Int32Array(0) };
  /** Whether the kernel writes straight to `#out`. */
  #direct = false;
  #waiting = 0;
  #idBytes: 2 | 4 = 4;
  /** Where the ids of the next row go, in tokens, and which place the waiting rows have in the columns. */
  #idEnd = 0;
  #first = 0;
  #last = 0;
  #seedLow = 0;
  #seedHigh = 0;
  #epoch = 0;
  #selected = 0;

  constructor(module: KernelModule, room: KernelRoom | undefined) {
    this.#module = module;
    this.#room = room;
    this.#memory = room?.memory ?? newMemory(workAt);
    this.#exports = this.#link();
  }

  #link(): Exports {
    const { buffer } = this.#memory;
    const start = this.#room?.start ?? 0;
    this.#rows = new Uint32Array(buffer, start + rowsAt, mostRows * rowWords);
    this.#ids16 = new Uint16Array(buffer, start + idsAt, idRoom * 2);
    this.#ids32 = new Uint32Array(buffer, start + idsAt, idRoom);
    this.#inputIds = new Int32Array(buffer, start + inputIdsAt, longestSample);
    this.#labels = new Int32Array(buffer, start + labelsAt, longestSample);
    this.#cut = [];
    return instantiate(this.#module, this.#memory) as Exports;
  }

  /** Sets plan and vocabulary, unless they are the ones of the call before. */
  #own(setting: KernelSetting): void {
    if (this.#setting === setting) return;
    const work = align(this.#exports.workBytes(longestSample));
    const tables = workAt + work;
    const bytes = tables + align(setting.tableBytes);
    if (this.#room === undefined && this.#memory.buffer.byteLength < bytes) {
      this.#memory = newMemory(bytes);
      this.#exports = this.#link();
    }
    const start = this.#room?.start ?? 0;
    const parameters = setting.writeTables(this.#memory.buffer, start + tables);
    this.#exports.configure(...parameters, start + workAt);
    this.#setting = setting;
  }

  begin(setting: KernelSetting, out: Columns): void {
    this.#own(setting);
    this.#out = out;
    this.#direct =
      out.inputIds.buffer === this.#memory.buffer &&
      out.labels.buffer === this.#memory.buffer &&
      out.inputIds.BYTES_PER_ELEMENT === 4;
    this.#selected = 0;
    this.#clear();
  }

  add({ ids }: StrategyInput, draws: Draws, start: number, end: number): boolean {
    const { length } = ids;
    const typed =
      ids instanceof Uint16Array || ids instanceof Uint32Array || ids instanceof Int32Array;
    if (!typed || length > longestSample || (!this.#direct && end - start > longestSample))
      return false;
    const idBytes = ids instanceof Uint16Array ? this.#setting!.narrowest : 4;
    if (this.#waiting > 0 && !this.#hasRoom(length, start, end, idBytes)) this.#run();
    if (this.#waiting === 0) {
      this.#idBytes = idBytes;
      this.#first = start;
      // Signed, so that no call boxes them.
      this.#seedLow = draws.key[0] | 0;
      this.#seedHigh = draws.key[1] | 0;
      this.#epoch = draws.epoch | 0;
    }
    if (idBytes === 2) this.#ids16.set(ids, this.#idEnd);
    else this.#ids32.set(ids, this.#idEnd);
    const at = this.#waiting * rowWords;
    const base = this.#direct ? 0 : this.#first;
    const rows = this.#rows;
    rows[at] = (this.#room?.start ?? 0) + idsAt + this.#idEnd * idBytes;
    rows[at + 1] = length;
    rows[at + 2] = start - base;
    rows[at + 3] = end - base;
    rows[at + 4] = draws.sampleLow;
    rows[at + 5] = draws.sampleHigh;
    rows[at + 6] = this.#setting!.budget?.(length, draws) ?? 0;
    rows[at + 7] = ids instanceof Int32Array ? 1 : 0;
    this.#waiting++;
    this.#idEnd += Math.ceil(length / group) * group;
    this.#last = end;
    return true;
  }

  /** Whether one more row can wait; those that are copied to their columns have to stand side by side there. */
  #hasRoom(length: number, start: number, end: number, idBytes: number): boolean {
    return (
      this.#waiting < mostRows &&
      idBytes === this.#idBytes &&
      this.#idEnd + length + group <= idRoom &&
      (this.#direct || (start === this.#last && end - this.#first <= longestSample))
    );
  }

  finish(): number {
    this.#run();
    return this.#selected;
  }

  #clear(): void {
    this.#waiting = 0;
    this.#idEnd = 0;
  }

  #run(): void {
    const count = this.#waiting;
    if (count === 0) return;
    this.#clear();
    const { inputIds, labels } = this.#direct
      ? this.#out
      : { inputIds: this.#inputIds, labels: this.#labels };
    const selected = this.#exports.maskRows(
      this.#rows.byteOffset,
      count,
      this.#idBytes,
      inputIds.byteOffset,
      labels.byteOffset,
      this.#seedLow,
      this.#seedHigh,
      this.#epoch,
    );
    if (selected < 0) throw this.#unknownId(-1 - selected);
    this.#selected += selected;
    if (!this.#direct) this.#copy(count);
  }

  #copy(count: number): void {
    const length = this.#last - this.#first;
    let cut = count === 1 ? this.#cut[length] : undefined;
    if (cut === undefined) {
      cut = [this.#inputIds.subarray(0, length), this.#labels.subarray(0, length)];
      if (count === 1) this.#cut[length] = cut;
    }
    this.#out.inputIds.set(cut[0], this.#first);
    this.#out.labels.set(cut[1], this.#first);
  }

  #unknownId(row: number): TokenIdError {
    const at = row * rowWords;
    const ids = (this.#rows[at]! - this.#ids32.byteOffset) / this.#idBytes;
    const all = this.#idBytes === 2 ? this.#ids16 : this.#ids32;
    const size = this.#setting!.vocabSize;
    let position = 0;
    while (all[ids + position]! < size) position++;
    const id = all[ids + position]!;
    return new TokenIdError(position, this.#rows[at + 7] === 1 ? id | 0 : id, size);
  }
}

/**
 * Bytes that a masker's room has to have for a vocabulary of so many ids.
 *
 * @example
 * ```ts
 * import { createMasker, kernelBytes, tokenMasking } from '@maskloom/core';
 * const vocab = { size: 100, maskId: 4, padId: 0, specialIds: [0, 1, 2, 3, 4], continuationIds: [] };
 * const bytes = kernelBytes(vocab.size);
 * const columns = 2 * 4 * 32 * 512; // two columns of 32 rows of 512 tokens stand behind the room
 * const pages = Math.ceil((bytes + columns) / 65536);
 * const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
 * const room = { memory, start: 0, bytes };
 * const masker = createMasker({ vocab, seed: 42n, strategy: tokenMasking({ rate: 0.15 }), room });
 * const inputIds = new Int32Array(memory.buffer, bytes, 32 * 512);
 * const labels = new Int32Array(memory.buffer, bytes + inputIds.byteLength, 32 * 512);
 * ```
 */
export function kernelBytes(vocabSize: number): number {
  return workAt + align(mostWork) + align(8 * 256 + 5 * vocabSize);
}

function checkRoom({ memory, start, bytes }: KernelRoom, least: number): void {
  const all = memory.buffer.byteLength;
  if (start >= 0 && start % group === 0 && bytes >= least && start + bytes <= all) return;
  throw new ArgumentError(
    'room',
    `${least} bytes (see kernelBytes) from a multiple of ${group} on`,
    `${bytes} from ${start} of ${all}`,
  );
}

function align(bytes: number): number {
  return Math.ceil(bytes / group) * group;
}

/** The hosts that this thread's maskers share, for output that is copied to where it belongs. */
const shared = new Map<KernelModule, KernelHost>();

/**
 * A kernel for a setting; undefined where there is no WebAssembly SIMD, or a policy forbids it. With a room, it works
 * there, and columns in the room's memory are written without a copy.
 */
export function rowKernel(
  module: KernelModule,
  setting: KernelSetting,
  room: KernelRoom | undefined,
): RowKernel | undefined {
  if (room !== undefined) checkRoom(room, kernelBytes(setting.vocabSize));
  let host = room === undefined ? shared.get(module) : undefined;
  if (host === undefined) {
    try {
      host = new KernelHost(module, room);
    } catch {
      return undefined;
    }
    if (room === undefined) shared.set(module, host);
  }
  const kernel = host;
  return {
    begin: (out) => kernel.begin(setting, out),
    add: (input, draws, start, end) => kernel.add(input, draws, start, end),
    finish: () => kernel.finish(),
  };
}
