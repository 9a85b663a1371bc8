/**
 * @file Masks in memory that threads share: a table with one word for each (copy, sample), which says where its
 * record stands in an arena. Records are written once and never moved, so that a table's word is all that threads have
 * to agree on.
 *
 * A record is `key, selected, first, second` in 32-bit words, then values of 16 or 32 bits. Aligned outputs: `first`
 * pairs of a masked position and the id that the model sees there; the rest is the dataset's; `second` is the sentence
 * label. Sequence to sequence: `first` input ids, then `second` labels.
 */

/** Where a dataset's masks stand in the table. */
export interface MaskedDataset {
  /** Sample id of its first row. */
  readonly base: bigint;
  readonly rows: number;
  /** Key of its first row in copy 0; those of other copies follow, copy by copy. */
  readonly firstKey: number;
}

/** What threads share; plain data that can be posted. */
export interface MaskMemory {
  readonly datasets: readonly MaskedDataset[];
  /** How many of the plan's copies have a place, from copy 0. */
  readonly copies: number;
  /** Whether outputs have lengths of their own. */
  readonly sequences: boolean;
  /** Whether positions and ids need 32 bits. */
  readonly wide: boolean;
  /** Words of a part of the arena that one thread fills. */
  readonly chunkWords: number;
  /** For each key 1 + the word where its record starts; 0 for none. */
  readonly table: SharedArrayBuffer;
  readonly arena: SharedArrayBuffer;
  /** Chunks taken, whether more were asked for, and words filled of each. */
  readonly chunks: SharedArrayBuffer;
  /** Samples computed and read, 64 bits each. */
  readonly counters: SharedArrayBuffer;
}

/** What is asked for when memory for masks is made. */
export interface MaskMemoryOptions
  extends Pick<MaskMemory, 'copies' | 'sequences' | 'wide' | 'chunkWords'> {
  readonly datasets: readonly Pick<MaskedDataset, 'base' | 'rows'>[];
  readonly arenaBytes: number;
}

/** Words in front of a record's values. */
export const headerWords = 4;
const firstChunk = 2;

/**
 * Makes empty memory for masks. The system gives pages only as they are written.
 *
 * @throws {RangeError} if there is not so much.
 */
export function createMaskMemory(options: MaskMemoryOptions): MaskMemory {
  const { copies, sequences, wide, chunkWords, arenaBytes } = options;
  let keys = 0;
  const datasets = options.datasets.map(({ base, rows }) => {
    const firstKey = keys;
    keys += rows * copies;
    return { base, rows, firstKey };
  });
  const chunks = Math.floor(arenaBytes / (chunkWords * 4));
  return {
    datasets,
    copies,
    sequences,
    wide,
    chunkWords,
    table: new SharedArrayBuffer(keys * 4),
    arena: new SharedArrayBuffer(chunks * chunkWords * 4),
    chunks: new SharedArrayBuffer((firstChunk + chunks) * 4),
    counters: new SharedArrayBuffer(16),
  };
}

/** Words that a record of so many values takes. */
export function recordWords(values: number, wide: boolean): number {
  return headerWords + (wide ? values : Math.ceil(values / 2));
}

/** One thread's view of shared masks. */
export class Masks {
  readonly memory: MaskMemory;
  /** The arena as words, for headers. */
  readonly words: Uint32Array;
  /** The arena as values; a record's start at `valuesOf`. */
  readonly values: Uint16Array | Uint32Array;
  readonly #table: Uint32Array;
  readonly #chunks: Uint32Array;
  readonly #counters: BigUint64Array;
  readonly #chunkCount: number;
  /** The chunk that this thread fills, and how far it did. */
  #chunk = -1;
  #filled = 0;

  constructor(memory: MaskMemory) {
    this.memory = memory;
    this.words = new Uint32Array(memory.arena);
    this.values = memory.wide ? this.words : new Uint16Array(memory.arena);
    this.#table = new Uint32Array(memory.table);
    this.#chunks = new Uint32Array(memory.chunks);
    this.#counters = new BigUint64Array(memory.counters);
    this.#chunkCount = this.#chunks.length - firstChunk;
  }

  /** The key of a sample's masks in a copy; -1 where they have no place. */
  keyOf(sample: number | bigint, copy: number): number {
    if (!(copy < this.memory.copies)) return -1;
    for (const { base, rows, firstKey } of this.memory.datasets) {
      const row = Number(BigInt(sample) - base);
      if (row >= 0 && row < rows) return firstKey + copy * rows + row;
    }
    return -1;
  }

  /** The dataset, copy and sample of a key. */
  addressOf(key: number): { dataset: number; copy: number; sample: bigint } {
    const { datasets } = this.memory;
    const dataset = datasets.findLastIndex(({ firstKey, rows }) => rows > 0 && firstKey <= key);
    const { base, rows, firstKey } = datasets[dataset]!;
    const copy = Math.floor((key - firstKey) / rows);
    return { dataset, copy, sample: base + BigInt(key - firstKey - copy * rows) };
  }

  /** The word where a key's record starts, or -1. */
  recordOf(key: number): number {
    return key < 0 ? -1 : Atomics.load(this.#table, key) - 1;
  }

  /** Index in `values` of a record's first. */
  valuesOf(record: number): number {
    return this.memory.wide ? record + headerWords : (record + headerWords) * 2;
  }

  /** Bytes that a record takes. */
  bytesOf(record: number): number {
    const { wide, sequences } = this.memory;
    const [first, second] = [this.words[record + 2]!, this.words[record + 3]!];
    return 4 * recordWords(sequences ? first + second : 2 * first, wide);
  }

  /** A place for a record of at most so many values, to be filled and published; -1 where memory is full. */
  reserve(values: number): number {
    const { wide, chunkWords } = this.memory;
    const words = recordWords(values, wide);
    if (words > chunkWords) return -1;
    if (this.#chunk < 0 || this.#filled + words > chunkWords) {
      if (Atomics.load(this.#chunks, 0) >= this.#chunkCount) return this.#refuse();
      const chunk = Atomics.add(this.#chunks, 0, 1);
      if (chunk >= this.#chunkCount) return this.#refuse();
      this.#chunk = chunk;
      this.#filled = 0;
    }
    return this.#chunk * chunkWords + this.#filled;
  }

  #refuse(): -1 {
    Atomics.store(this.#chunks, 1, 1);
    return -1;
  }

  /** Makes the last reserved record, of so many values, that of its key; false if the key had one already. */
  publish(record: number, values: number): boolean {
    const key = this.words[record]!;
    if (Atomics.compareExchange(this.#table, key, 0, record + 1) !== 0) return false;
    this.#filled += recordWords(values, this.memory.wide);
    Atomics.store(this.#chunks, firstChunk + this.#chunk, this.#filled);
    return true;
  }

  /** Whether there was no place for a record. */
  get full(): boolean {
    return Atomics.load(this.#chunks, 1) !== 0;
  }

  /** Adds to how many samples were computed and read. */
  count(computed: number, read: number): void {
    if (computed > 0) Atomics.add(this.#counters, 0, BigInt(computed));
    if (read > 0) Atomics.add(this.#counters, 1, BigInt(read));
  }

  get computed(): number {
    return Number(Atomics.load(this.#counters, 0));
  }

  get read(): number {
    return Number(Atomics.load(this.#counters, 1));
  }

  /**
   * Records that were published since `seen`, which holds for each chunk how far it was read, and is moved on.
   */
  *published(seen: number[]): Generator<number> {
    const { chunkWords } = this.memory;
    const taken = Math.min(Atomics.load(this.#chunks, 0), this.#chunkCount);
    for (let chunk = 0; chunk < taken; chunk++) {
      const end = Atomics.load(this.#chunks, firstChunk + chunk);
      let at = seen[chunk] ?? 0;
      while (at < end) {
        const record = chunk * chunkWords + at;
        at += this.bytesOf(record) / 4;
        yield record;
      }
      seen[chunk] = at;
    }
  }
}
