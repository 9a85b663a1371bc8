import { rm } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ArgumentError } from '@maskloom/core';
import { createDatasetWriter, type DatasetWriter, type Manifest } from '@maskloom/shards';
import { chooseHoldout, documentHash } from './choose-holdout.ts';
import { TextError } from './errors.ts';
import { type SentencePacker, sentencePacker } from './full-sentences.ts';
import { readDocuments, textBytes } from './read-documents.ts';
import { pairPacker } from './sentence-pairs.ts';
import { splitSentences } from './split-sentences.ts';
import type { Tokenizer } from './tokenizer.ts';

/** Milliseconds after which the job lets the process do other things. */
const longestTurn = 50;

/** How far an encode job is. */
export interface EncodeProgress {
  readonly bytesDone: number;
  readonly bytesTotal: number;
  readonly samples: number;
  readonly tokens: number;
}

/** Options of {@linkcode encode}. */
export interface EncodeOptions {
  /** Files and folders: see `readDocuments`. */
  readonly inputs: readonly string[];
  readonly tokenizer: Tokenizer;
  /** Folder of the dataset. */
  readonly out: string;
  /** Tokens of the longest sample, special tokens included. Default 128. */
  readonly maxLength?: number;
  /** Share of the documents to set aside as a second dataset. Default 0. */
  readonly holdout?: number;
  /** Folder of that dataset, neither in `out` nor around it. Default `${out}-holdout`. */
  readonly holdoutOut?: string;
  /** Make pairs of segments, with a column `segment`, instead of full sentences. Default false. */
  readonly pairs?: boolean;
  /** Write a column `units` that says where words begin, for whole-word masking. Default false. */
  readonly units?: boolean;
  /** Count how often each id occurs, for random words from the unigram distribution. Default false. */
  readonly counts?: boolean;
  readonly rowsPerShard?: number;
  readonly rowsPerRecordBatch?: number;
  readonly onProgress?: (progress: EncodeProgress) => void;
}

/** What an encode job wrote. */
export interface EncodeResult {
  readonly train: EncodedDataset;
  readonly holdout?: EncodedDataset;
}

/** One dataset that an encode job wrote. */
export interface EncodedDataset {
  readonly directory: string;
  readonly documents: number;
  readonly samples: number;
  readonly tokens: number;
  /** Tokens of documents too short for a pair. */
  readonly leftOut: number;
}

/**
 * Encodes text as a dataset: documents become sentences, sentences tokens, and full sentences samples.
 * With `holdout`, documents are set aside as a second dataset. Either all is written, or nothing.
 *
 * @throws {TextError} for text that cannot be read.
 * @throws {DatasetError} if a folder is there already.
 * @throws {OutputError} if it cannot be written there.
 * @throws {ArgumentError} for options out of range.
 * @throws {TokenizerError} if `units` is asked for, and the tokens do not show where words begin.
 */
export async function encode(options: EncodeOptions): Promise<EncodeResult> {
  const { inputs, tokenizer, out, maxLength = 128, holdout = 0, onProgress } = options;
  const { holdoutOut = `${out}-holdout`, units = false } = options;
  if (holdout === 0 && options.holdoutOut !== undefined) {
    throw new ArgumentError('holdoutOut', 'none without holdout', options.holdoutOut);
  }
  if (holdout !== 0 && (isWithin(out, holdoutOut) || isWithin(holdoutOut, out))) {
    throw new ArgumentError('holdoutOut', `a folder apart from ${out}`, holdoutOut);
  }
  if (units) tokenizer.wordStarts([]);
  const bytesTotal = await textBytes(inputs);
  const setAside = await holdoutHashes(inputs, holdout);
  const sides: Side[] = [];
  try {
    const open = async (directory: string): Promise<Side> => {
      const side = await openSide(directory, options, maxLength);
      sides.push(side);
      return side;
    };
    const train = await open(out);
    const held = holdout === 0 ? undefined : await open(holdoutOut);
    let bytesDone = 0;
    let turn = performance.now();
    for await (const { id, text } of readDocuments(inputs)) {
      const side = held !== undefined && setAside.has(documentHash(text)) ? held : train;
      side.documents++;
      for (const sentence of splitSentences(text)) {
        const ids = tokenizer.encode(sentence.text);
        const tokenised = {
          ids,
          document: id,
          offset: sentence.offset,
          ...(units ? { units: tokenizer.wordStarts(ids) } : {}),
        };
        for (const sample of side.packer.add(tokenised)) await side.append(sample);
        // A long document must not keep the process from a signal.
        if (performance.now() - turn > longestTurn) {
          await nextTurn();
          turn = performance.now();
        }
      }
      bytesDone += Buffer.byteLength(text);
      const samples = train.samples + (held?.samples ?? 0);
      const tokens = train.tokens + (held?.tokens ?? 0);
      onProgress?.({ bytesDone, bytesTotal, samples, tokens });
    }
    const encoded: EncodedDataset[] = [];
    for (const side of sides) encoded.push(await side.finish());
    await place(sides);
    const [first, second] = encoded;
    return second === undefined ? { train: first! } : { train: first!, holdout: second };
  } catch (error) {
    // The first made the folders above both: they can go once the second is gone.
    for (const side of sides.toReversed()) await side.writer.abort();
    throw error;
  }
}

/** Moves finished datasets into place, all or none. Between the first and the last nothing else comes to run. */
async function place(sides: readonly Side[]): Promise<void> {
  const placed: string[] = [];
  try {
    for (const { writer, directory } of sides) {
      await writer.close();
      placed.push(directory);
    }
  } catch (error) {
    for (const directory of placed) await rm(directory, { recursive: true });
    throw error;
  }
}

/** Whether a folder is another, or below it. */
function isWithin(folder: string, other: string): boolean {
  const path = relative(resolve(other), resolve(folder));
  return path !== '..' && !path.startsWith(`..${sep}`) && !isAbsolute(path);
}

async function holdoutHashes(
  inputs: readonly string[],
  share: number,
): Promise<ReadonlySet<string>> {
  if (!(share >= 0 && share < 1)) {
    throw new ArgumentError('holdout', 'a share from 0 to below 1', share);
  }
  if (share === 0) return new Set();
  const hashes: string[] = [];
  for await (const { text } of readDocuments(inputs)) hashes.push(documentHash(text));
  return chooseHoldout(hashes, share);
}

async function openSide(
  directory: string,
  options: EncodeOptions,
  maxLength: number,
): Promise<Side> {
  const { tokenizer, pairs = false, units = false, counts = false } = options;
  const { rowsPerShard, rowsPerRecordBatch } = options;
  const { vocab, digest, clsId, sepId } = tokenizer;
  const makePacker = pairs ? pairPacker : sentencePacker;
  const packer = makePacker({ maxLength, clsId, sepId });
  const writer = await createDatasetWriter(directory, {
    vocab,
    tokenizerDigest: digest,
    columns: [
      'document',
      'offset',
      ...(pairs ? (['segment'] as const) : []),
      ...(units ? (['units'] as const) : []),
    ],
    counts,
    ...(rowsPerShard === undefined ? {} : { rowsPerShard }),
    ...(rowsPerRecordBatch === undefined ? {} : { rowsPerRecordBatch }),
  });
  return new Side(directory, writer, packer);
}

/** One of the two datasets of a job. */
class Side {
  readonly directory: string;
  readonly writer: DatasetWriter;
  readonly packer: SentencePacker;
  documents = 0;
  samples = 0;
  tokens = 0;

  constructor(directory: string, writer: DatasetWriter, packer: SentencePacker) {
    this.directory = directory;
    this.writer = writer;
    this.packer = packer;
  }

  async append(sample: Parameters<DatasetWriter['append']>[0]): Promise<void> {
    this.samples++;
    this.tokens += sample.inputIds.length;
    await this.writer.append(sample);
  }

  /** Writes all that is left of the dataset; it is not in its place yet. */
  async finish(): Promise<EncodedDataset> {
    for (const sample of this.packer.end()) await this.append(sample);
    if (this.samples === 0) {
      throw new TextError(
        'TEXT_EMPTY',
        this.directory,
        `No text for ${this.directory}: found no token in its ${this.documents} documents, give documents with text`,
      );
    }
    const { rows, tokens }: Manifest = await this.writer.finish();
    const { directory, documents } = this;
    const leftOut = this.packer.leftOut();
    return { directory, documents, samples: rows, tokens, leftOut };
  }
}
