/**
 * An argument outside what is accepted.
 *
 * The message names the argument, what was found, what was expected and, where it helps, what to do.
 *
 * @example
 * ```ts
 * import { ArgumentError, tokenMasking } from '@maskloom/core';
 * try {
 *   tokenMasking({ rate: 1.5 });
 * } catch (error) {
 *   if (error instanceof ArgumentError) console.log(error.code, error.argument); // ARGUMENT rate
 * }
 * ```
 */
export class ArgumentError extends RangeError {
  override readonly name = 'ArgumentError';
  readonly code = 'ARGUMENT';
  /** The argument's name. */
  readonly argument: string;
  /** What was accepted, in words. */
  readonly expected: string;
  /** What was found. */
  readonly actual: unknown;
  /** What to do about it, where that can be told. */
  readonly remedy: string | undefined;

  constructor(argument: string, expected: string, actual: unknown, remedy?: string) {
    super(
      `${argument} is ${show(actual)}, expected ${expected}${remedy === undefined ? '' : `: ${remedy}`}`,
    );
    this.argument = argument;
    this.expected = expected;
    this.actual = actual;
    this.remedy = remedy;
  }
}

/** A token id that the vocabulary does not have. */
export class TokenIdError extends RangeError {
  override readonly name = 'TokenIdError';
  readonly code = 'TOKEN_ID';
  /** Position in the sample. */
  readonly position: number;
  /** The id found there. */
  readonly id: number;
  /** Number of ids in the vocabulary. */
  readonly size: number;

  constructor(position: number, id: number, size: number) {
    super(
      `Token id ${id} at position ${position} is not in the vocabulary of ${size} ids (0 to ${size - 1}): encode the text with the tokenizer whose vocab traits are given`,
    );
    this.position = position;
    this.id = id;
    this.size = size;
  }
}

function show(value: unknown): string {
  if (value === undefined) return 'missing';
  if (typeof value === 'string') return `"${value}"`;
  if (typeof value === 'bigint') return `${value}n`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
