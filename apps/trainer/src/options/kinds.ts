/** What an option's value may be, and how it is read from a command line and from YAML. */
export interface Kind<Value> {
  readonly type:
    | 'integer'
    | 'number'
    | 'seed'
    | 'choice'
    | 'text'
    | 'texts'
    | 'flag'
    | 'flag-or-text';
  /** What is accepted, such as `an integer from 1`. */
  readonly expected: string;
  /** What stands for the value in the help, such as `<count>`; nothing where an option's name is enough. */
  readonly placeholder: string;
  is(value: unknown): value is Value;
  /** Reads a word of the command line; undefined if it is no such value. */
  fromText(text: string): Value | undefined;
  /** Reads what YAML holds, whose integers are `bigint`; undefined if it is no such value. */
  fromYaml(value: unknown): Value | undefined;
}

/** Numbers that a kind accepts. */
export interface Range {
  readonly least?: number;
  /** The value has to be greater. */
  readonly above?: number;
  readonly most?: number;
  /** The value has to be smaller. */
  readonly below?: number;
}

/** A kind of number, which tells its range. */
export interface NumberKind extends Kind<number> {
  readonly range: Range;
}

/** An integer within a range. */
export function integer(
  placeholder: string,
  range: Range & { readonly least: number },
): NumberKind {
  return numberKind('integer', placeholder, range, Number.isSafeInteger);
}

/** A finite number within a range. */
export function number(placeholder: string, range: Range): NumberKind {
  return numberKind('number', placeholder, range, Number.isFinite);
}

function numberKind(
  type: 'integer' | 'number',
  placeholder: string,
  range: Range,
  isOne: (value: unknown) => boolean,
): NumberKind {
  const is = (value: unknown): value is number =>
    typeof value === 'number' && isOne(value) && isWithin(value, range);
  const only = (value: unknown) => (is(value) ? value : undefined);
  const digits =
    type === 'integer' ? /^[0-9]+$/ : /^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?$/i;
  return {
    ...{ type, placeholder, range, is },
    expected: `${type === 'integer' ? 'an integer' : 'a number'}${inWords(range)}`,
    fromText: (text) => (digits.test(text) ? only(Number(text)) : undefined),
    fromYaml: (value) => only(typeof value === 'bigint' ? Number(value) : value),
  };
}

function isWithin(value: number, { least, above, most, below }: Range): boolean {
  return (
    (least === undefined || value >= least) &&
    (above === undefined || value > above) &&
    (most === undefined || value <= most) &&
    (below === undefined || value < below)
  );
}

function inWords({ least, above, most, below }: Range): string {
  const lower =
    least !== undefined ? ` from ${least}` : above !== undefined ? ` above ${above}` : '';
  if (most !== undefined) return `${lower}${above === undefined ? '' : ','} to ${most}`;
  return below === undefined ? lower : `${lower} to below ${below}`;
}

/** An unsigned integer of 64 bits. */
export const seed: Kind<bigint> = {
  type: 'seed',
  expected: 'an integer from 0 to 2^64-1',
  placeholder: '<integer>',
  is: isSeed,
  fromText: (text) =>
    /^[0-9]{1,20}$/.test(text) && isSeed(BigInt(text)) ? BigInt(text) : undefined,
  fromYaml: (value) => (isSeed(value) ? value : undefined),
};

function isSeed(value: unknown): value is bigint {
  return typeof value === 'bigint' && value >= 0n && value < 1n << 64n;
}

/** A kind of word, which tells the words. */
export interface ChoiceKind<Word extends string> extends Kind<Word> {
  readonly words: readonly Word[];
}

/** One of several words. */
export function choice<const Word extends string>(...words: Word[]): ChoiceKind<Word> {
  const find = (value: unknown) => words.find((word) => word === value);
  return {
    ...{ type: 'choice', words, placeholder: '<name>' },
    expected: `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`,
    is: (value): value is Word => find(value) !== undefined,
    fromText: find,
    fromYaml: find,
  };
}

/** The path of a file or folder, or the like: any text but an empty one. */
export function path(placeholder: '<file>' | '<folder>'): Kind<string> {
  const of = placeholder.slice(1, -1);
  const only = (value: unknown) => (isPath(value) ? value : undefined);
  return {
    ...{ type: 'text', placeholder, expected: `the path of a ${of}`, is: isPath },
    fromText: only,
    fromYaml: only,
  };
}

function isPath(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '';
}

const anAddress = 'an address such as http://127.0.0.1:4300';

/** The address of a sidecar. */
export const address: Kind<string> = {
  ...{ type: 'text', expected: anAddress, placeholder: '<address>', is: isAddress },
  fromText: (text) => (isAddress(text) ? text : undefined),
  fromYaml: (value) => (isAddress(value) ? value : undefined),
};

function isAddress(value: unknown): value is string {
  return typeof value === 'string' && /^https?:\/\//.test(value) && URL.canParse(value);
}

/** One or several addresses. */
export const addresses: Kind<readonly string[]> = {
  ...{ type: 'texts', placeholder: '<address...>', is: areAddresses },
  expected: `${anAddress}, or several`,
  fromText: (text) => (isAddress(text) ? [text] : undefined),
  fromYaml(value) {
    const list: unknown = typeof value === 'string' ? [value] : value;
    return areAddresses(list) ? list : undefined;
  },
};

function areAddresses(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every(isAddress);
}

/** Something that is on or off: `--name`, `--no-name`. */
export const flag: Kind<boolean> = {
  ...{ type: 'flag', expected: 'true or false', placeholder: '', is: isBoolean },
  fromText: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
  fromYaml: (value) => (isBoolean(value) ? value : undefined),
};

function isBoolean(value: unknown): value is boolean {
  return typeof value === 'boolean';
}

/** Something that is on or off, or on in a folder of its own: `--name`, `--name folder`, `--no-name`. */
export const flagOrFolder: Kind<boolean | string> = {
  type: 'flag-or-text',
  expected: 'true, false, or the path of a folder',
  placeholder: '[folder]',
  is: (value): value is boolean | string => isBoolean(value) || isPath(value),
  fromText: (text) => (isPath(text) ? text : undefined),
  fromYaml: (value) => (isBoolean(value) || isPath(value) ? value : undefined),
};
