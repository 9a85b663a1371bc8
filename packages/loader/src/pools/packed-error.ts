/**
 * @file Errors as they come out of a worker: cloning one keeps neither its class nor its fields, so both travel
 * beside it.
 */
import { ArgumentError, TokenIdError } from '@maskloom/core';
import { DatasetError, ManifestError, ShardError } from '@maskloom/shards';
import { PlanError } from '../errors.ts';

const classes = [ArgumentError, TokenIdError, DatasetError, ManifestError, ShardError, PlanError];

/** An error that can be posted. */
export interface PackedError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Its own fields, such as `code`, as far as they are plain. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Makes an error ready to be posted. */
export function packError(thrown: unknown): PackedError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const plain = Object.entries(error).filter(([, value]) => isPlain(value));
  const { name, message, stack } = error;
  return { name, message, stack, fields: Object.fromEntries(plain) };
}

/** The error that was packed, of its class if that is one of Maskloom's. */
export function unpackError({ name, message, stack, fields }: PackedError): Error {
  const known = classes.find((one) => one.name === name);
  const error = Object.assign(new Error(message), fields);
  if (known === undefined)
    Object.defineProperty(error, 'name', { value: name, configurable: true });
  else Object.setPrototypeOf(error, known.prototype);
  if (stack !== undefined) error.stack = stack;
  return error;
}

/** Whether an error is one of Maskloom's own: what it says of a batch holds wherever that is computed. */
export function isTyped(error: Error): boolean {
  return classes.some((one) => error instanceof one);
}

function isPlain(value: unknown): boolean {
  return (
    value === null || ['string', 'number', 'boolean', 'bigint', 'undefined'].includes(typeof value)
  );
}
