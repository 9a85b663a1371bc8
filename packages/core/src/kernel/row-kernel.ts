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
import {
  group,
  idRoom,
  idsAt,
  inputIdsAt,
  labelsAt,
  longestSample,
  mostRows,
  rowsAt,
  rowWords,
  tablesAt,
  workAt,
} from './room-layout.ts';

/** What every kernel exports. */
interface Exports {
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
interface KernelHost {
  begin(setting: KernelSetting, out: Columns, draws: Draws): void;
  add(input: StrategyInput, start: number, end: number): boolean;
  finish(): number;
}

function createHost(module: KernelModule, room: KernelRoom | undefined): KernelHost {
  /** Where its part of the memory starts. */
  const origin = room?.start ?? 0;
  let memory: KernelMemory;
  let exports: Exports;
  let rows: Uint32Array;
  let ids16: Uint16Array;
  let ids32: Uint32Array;
  /** Columns of its own, for rows that are copied to where they belong. */
  let own: Columns;
  /** These columns cut to a sample's length, so that a sample by itself allocates nothing. */
  let cuts: Columns[];
  link(room?.memory ?? newMemory(workAt));

  let setting: KernelSetting;
  let draws: Draws;
  let out: Columns;
  /** Whether the kernel writes straight to `out`. */
  let direct: boolean;
  let selected: number;
  /** Rows that wait: how many, and what their ids are. */
  let waiting = 0;
  let idBytes: number;
  let signed: boolean;
  /** Where the ids of the next row go, in tokens, and which place the waiting rows have in the columns. */
  let idEnd: number;
  let first: number;
  let last: number;

  function link(given: KernelMemory): void {
    memory = given;
    const { buffer } = memory;
    rows = new Uint32Array(buffer, origin + rowsAt, mostRows * rowWords);
    ids16 = new Uint16Array(buffer, origin + idsAt, idRoom * 2);
    ids32 = new Uint32Array(buffer, origin + idsAt, idRoom);
    own = {
      inputIds: new Int32Array(buffer, origin + inputIdsAt, longestSample),
      labels: new Int32Array(buffer, origin + labelsAt, longestSample),
    };
    cuts = [];
    exports = instantiate(module, memory) as Exports;
  }

  /** Sets plan and vocabulary. */
  function configure(given: KernelSetting): void {
    const bytes = tablesAt + given.tableBytes;
    if (room === undefined && memory.buffer.byteLength < bytes) link(newMemory(bytes));
    const parameters = given.writeTables(memory.buffer, origin + tablesAt);
    exports.configure(...parameters, origin + workAt);
    setting = given;
  }

  /** Whether one more row can wait; those that are copied to their columns have to stand side by side there. */
  function hasRoom(length: number, start: number, end: number): boolean {
    return (
      waiting < mostRows &&
      idEnd + length + group <= idRoom &&
      (direct || (start === last && end - first <= longestSample))
    );
  }

  /** Masks the rows that wait. */
  function run(): void {
    const count = waiting;
    if (count === 0) return;
    waiting = 0;
    const { inputIds, labels } = direct ? out : own;
    const found = exports.maskRows(
      rows.byteOffset,
      count,
      idBytes,
      inputIds.byteOffset,
      labels.byteOffset,
      // Signed, so that no call boxes them.
      draws.key[0] | 0,
      draws.key[1] | 0,
    );
    if (found < 0) throw unknownId(-1 - found);
    selected += found;
    if (!direct) copy(count);
  }

  function copy(count: number): void {
    const length = last - first;
    let cut = count === 1 ? cuts[length] : undefined;
    if (cut === undefined) {
      cut = { inputIds: own.inputIds.subarray(0, length), labels: own.labels.subarray(0, length) };
      if (count === 1) cuts[length] = cut;
    }
    out.inputIds.set(cut.inputIds, first);
    out.labels.set(cut.labels, first);
  }

  function unknownId(row: number): TokenIdError {
    const ids = (rows[row * rowWords]! - ids32.byteOffset) / idBytes;
    const all = idBytes === 2 ? ids16 : ids32;
    const { vocabSize } = setting;
    let position = 0;
    while (all[ids + position]! < vocabSize) position++;
    const id = all[ids + position]!;
    return new TokenIdError(position, signed ? id | 0 : id, vocabSize);
  }

  return {
    begin(givenSetting, givenOut, givenDraws) {
      if (setting !== givenSetting) configure(givenSetting);
      out = givenOut;
      draws = givenDraws;
      const { inputIds, labels } = out;
      const { buffer } = memory;
      direct =
        inputIds.buffer === buffer && labels.buffer === buffer && inputIds.BYTES_PER_ELEMENT === 4;
      selected = 0;
      waiting = 0;
    },

    add({ ids }, start, end) {
      const { length } = ids;
      const typed =
        ids instanceof Uint16Array || ids instanceof Uint32Array || ids instanceof Int32Array;
      if (!typed || length > longestSample || (!direct && end - start > longestSample))
        return false;
      const bytes = ids instanceof Uint16Array ? setting.narrowest : 4;
      const isSigned = ids instanceof Int32Array;
      const alike = bytes === idBytes && isSigned === signed;
      if (waiting > 0 && !(alike && hasRoom(length, start, end))) run();
      if (waiting === 0) {
        idBytes = bytes;
        signed = isSigned;
        idEnd = 0;
        first = start;
      }
      if (bytes === 2) ids16.set(ids, idEnd);
      else ids32.set(ids, idEnd);
      const at = waiting * rowWords;
      const base = direct ? 0 : first;
      rows[at] = origin + idsAt + idEnd * bytes;
      rows[at + 1] = length;
      rows[at + 2] = start - base;
      rows[at + 3] = end - base;
      rows[at + 4] = draws.sampleLow;
      rows[at + 5] = draws.sampleHigh;
      rows[at + 6] = draws.epoch;
      rows[at + 7] = setting.budget?.(length, draws) ?? 0;
      waiting++;
      idEnd += align(length);
      last = end;
      return true;
    },

    finish() {
      run();
      return selected;
    },
  };
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
  return align(tablesAt + 8 * 256 + 5 * vocabSize);
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
  try {
    host ??= createHost(module, room);
  } catch {
    return undefined;
  }
  if (room === undefined) shared.set(module, host);
  const { begin, add, finish } = host;
  return { begin: (out, draws) => begin(setting, out, draws), add, finish };
}
