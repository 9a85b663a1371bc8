import type { ArgumentError } from '@maskloom/core';

/** A dataset that is not there, or cannot be made there. */
export class DatasetError extends Error {
  override readonly name = 'DatasetError';
  readonly code: 'DATASET_MISSING' | 'DATASET_EXISTS';
  /** The dataset's folder. */
  readonly directory: string;

  constructor(
    code: 'DATASET_MISSING' | 'DATASET_EXISTS',
    directory: string,
    options?: ErrorOptions,
  ) {
    super(
      code === 'DATASET_MISSING'
        ? `No dataset at ${directory}: found no manifest.json there, expected a folder that \`maskloom encode\` wrote`
        : `${directory} is already there: choose another folder, or remove it first`,
      options,
    );
    this.code = code;
    this.directory = directory;
  }
}

/** A `manifest.json` that is torn, altered, or from another version. */
export class ManifestError extends SyntaxError {
  override readonly name = 'ManifestError';
  readonly code = 'MANIFEST';
  /** The manifest's path. */
  readonly path: string;
  /** The field that does not hold, such as `shards[0].rows`, where it is one. */
  readonly field: string | undefined;
  /** What was expected there, in words. */
  readonly expected: string | undefined;
  /** What was found there. */
  readonly actual: unknown;

  /** @param problem what does not hold: in words, or as a check of a field found it */
  constructor(path: string, problem: string | ArgumentError, options?: ErrorOptions) {
    const field = typeof problem === 'string' ? undefined : problem;
    const found = typeof problem === 'string' ? problem : problem.message;
    super(
      `${path}: ${found}; encode the dataset again, or copy it again from its source`,
      options ?? { cause: field },
    );
    this.path = path;
    this.field = field?.argument;
    this.expected = field?.expected;
    this.actual = field?.actual;
  }
}

/** Why a shard can't be used, and what to do about it. */
const remedies = {
  SHARD_MISSING: 'the file is not there: copy it again or encode the dataset again',
  SHARD_SIZE: 'the file is torn or another: copy it again or encode the dataset again',
  SHARD_CHECKSUM: 'the file is torn or altered: copy it again or encode the dataset again',
  SHARD_FORMAT: 'the file is not as the manifest says: copy both again or encode the dataset again',
  SHARD_READ: 'the disk or server does not give it: look there, then go on from the last state',
} as const;

/** Where in a shard something is wrong. */
export interface ShardPlace {
  /** Number of the record batch in its shard, from 0. */
  readonly recordBatch: number;
  /** The record batch's byte range. */
  readonly offset: number;
  readonly bytes: number;
}

/** A shard whose bytes are not those that the manifest lists, or can't be read. */
export class ShardError extends Error {
  override readonly name = 'ShardError';
  readonly code: keyof typeof remedies;
  /** The shard's path or URL. */
  readonly shard: string;
  /** What the manifest promises. */
  readonly expected: string;
  /** What was found. */
  readonly actual: string;
  /** If one record batch is concerned: its number in the shard, from 0. */
  readonly recordBatch: number | undefined;
  /** And its byte range. */
  readonly offset: number | undefined;
  readonly bytes: number | undefined;

  constructor(
    code: ShardError['code'],
    shard: string,
    expected: string,
    actual: string,
    options?: ErrorOptions & { readonly place?: ShardPlace | undefined },
  ) {
    const { place } = options ?? {};
    const where =
      place === undefined
        ? ''
        : `, record batch ${place.recordBatch} (bytes ${place.offset} to ${place.offset + place.bytes - 1})`;
    super(
      `Shard ${shard}${where}: found ${actual}, expected ${expected}; ${remedies[code]}`,
      options,
    );
    this.code = code;
    this.shard = shard;
    this.expected = expected;
    this.actual = actual;
    this.recordBatch = place?.recordBatch;
    this.offset = place?.offset;
    this.bytes = place?.bytes;
  }

  /** The same error, with the record batch it is about. */
  at(place: ShardPlace): ShardError {
    const { code, shard, expected, actual } = this;
    return new ShardError(code, shard, expected, actual, { cause: this, place });
  }
}

/** A place that cannot be written to. */
export class OutputError extends Error {
  override readonly name = 'OutputError';
  readonly code = 'OUTPUT';
  /** The file or folder that was to be written. */
  readonly path: string;

  constructor(path: string, problem: string, options?: ErrorOptions) {
    super(`Cannot write ${path}: ${problem}`, options);
    this.path = path;
  }

  /** What the system said, with a remedy. */
  static of(path: string, cause: unknown): OutputError {
    if (cause instanceof OutputError) return cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    const remedy = code === 'ENOSPC' ? 'free some space' : 'choose a place this user may write to';
    return new OutputError(path, `${message}; ${remedy}`, { cause });
  }
}
