import { readFile } from 'node:fs/promises';
import { isMap, isScalar, LineCounter, parseDocument } from 'yaml';
import { closestName } from './closest-name.ts';
import { OptionsError } from './errors.ts';
import type { Given, GivenValue } from './given.ts';
import type { AnyOption } from './option.ts';
import { shown } from './shown.ts';
import { isOptionName, type OptionName, optionNames, table } from './table.ts';

/**
 * Reads the options in a `run.yaml`, a map from their names to values.
 *
 * @throws {OptionsError} naming the file, and where there is one the line and the option.
 */
export async function readRunFile(path: string): Promise<Given> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const problem = cause.code === 'ENOENT' ? 'there is no such file' : cause.message;
    throw new OptionsError(
      `Cannot read ${path} (${problem}): give --config a file that \`maskloom-train config\` printed`,
      { cause, path },
    );
  });
  return parseRunFile(text, path);
}

/**
 * Reads the text of a `run.yaml`.
 *
 * @param path for messages
 * @throws {OptionsError} as {@linkcode readRunFile}.
 */
export function parseRunFile(text: string, path: string): Given {
  const given = new Map<OptionName, GivenValue>();
  for (const { key, value, line } of entriesOf(text, path)) {
    const option = optionOf(key, path, line);
    given.set(option, givenValue(option, value, path, line));
  }
  return given;
}

interface Entry {
  readonly key: string;
  /** As plain JavaScript, with integers as `bigint`. */
  readonly value: unknown;
  /** From 1. */
  readonly line: number;
}

/** The entries of a map in YAML. */
function entriesOf(text: string, path: string): Entry[] {
  const lines = new LineCounter();
  const settings = { intAsBigInt: true, lineCounter: lines, prettyErrors: false };
  const document = parseDocument(text, settings);
  const lineAt = (offset: number): number => lines.linePos(offset).line;
  const refuse = (line: number, problem: string): never => {
    throw new OptionsError(`${path}:${line}: ${problem}`, { path, line });
  };
  const [error] = document.errors;
  if (error !== undefined) refuse(lineAt(error.pos[0]), `${error.message}: correct the YAML`);
  const { contents } = document;
  if (contents === null || (isScalar(contents) && contents.value === null)) return [];
  if (!isMap(contents)) {
    const found = shown(contents.toJS(document));
    const expected = 'options and their values, such as steps: 200';
    return refuse(lineAt(contents.range[0]), `found ${found}, expected ${expected}`);
  }
  return contents.items.map(({ key, value }) => {
    const line = lineAt(key.range[0]);
    try {
      return { key: String(key.toJS(document)), value: value?.toJS(document) ?? null, line };
    } catch (cause) {
      // An alias of nothing.
      return refuse(line, `${cause instanceof Error ? cause.message : cause}: correct the YAML`);
    }
  });
}

function optionOf(key: string, path: string, line: number): OptionName {
  if (isOptionName(key)) return key;
  const closest = closestName(key, optionNames);
  throw new OptionsError(
    `${path}:${line}: there is no option ${key}, the closest is ${closest}; \`maskloom-train config\` prints all`,
    { path, line },
  );
}

function givenValue(option: OptionName, found: unknown, path: string, line: number): GivenValue {
  const { kind }: AnyOption = table[option];
  const value = kind.fromYaml(found);
  const where = `${path}:${line}: ${option}`;
  if (value !== undefined) return { value, where };
  const remedy = found === null ? ': leave the line out for the default' : '';
  throw new OptionsError(`${where} is ${shown(found)}, expected ${kind.expected}${remedy}`, {
    ...{ option, path, line },
  });
}
