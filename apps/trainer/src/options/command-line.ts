import { type Command, Option as Flag, InvalidArgumentError } from 'commander';
import type { Given, GivenValue } from './given.ts';
import type { Kind } from './kinds.ts';
import { type AnyOption, defaultOf, type Group, titleOf } from './option.ts';
import { camelCase } from './option-values.ts';
import { type OptionName, optionNames, table } from './table.ts';

/** Adds all options of the table to a command. */
export function addOptions(command: Command): Command {
  for (const name of optionNames) {
    const { kind, group }: AnyOption = table[name];
    command.addOption(flagOf(name, kind, group));
    // For what run.yaml turns on; the help is long enough without.
    const off = new Flag(`--no-${name}`).helpGroup(`${titleOf(group)}:`).hideHelp();
    if (kind.type === 'flag' || kind.type === 'flag-or-text') command.addOption(off);
  }
  return command;
}

function flagOf(name: OptionName, kind: Kind<unknown>, group: Group): Flag {
  const flags = `--${name} ${kind.placeholder}`.trim();
  const flag = new Flag(flags, describe(name)).helpGroup(`${titleOf(group)}:`);
  if (kind.type === 'flag') return flag;
  const read = readerOf(kind);
  return flag.argParser((text, before: unknown) => {
    const value = read(text);
    return Array.isArray(value) && Array.isArray(before) ? [...before, ...value] : value;
  });
}

/** Reads a word of the command line as commander wants it: it is told what was expected. */
export function readerOf<Value>({ fromText, expected }: Kind<Value>): (text: string) => Value {
  return (text) => {
    const value = fromText(text);
    if (value !== undefined) return value;
    throw new InvalidArgumentError(`Expected ${expected}.`);
  };
}

function describe(name: OptionName): string {
  const described: AnyOption = table[name];
  const { kind, doc, only } = described;
  const words = kind.type === 'choice' ? `: ${kind.expected}` : '';
  const otherwise = defaultOf(described);
  const notes = kind.type === 'flag' ? [] : [`default: ${otherwise}`];
  if (only !== undefined) notes.unshift(`only ${only.join(' and ')}`);
  if (otherwise === 'required') return `${doc} (required)`;
  return `${doc}${words}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}`;
}

/** The options of the table that a command line gave. */
export function givenTo(command: Command): Given {
  const given = new Map<OptionName, GivenValue>();
  for (const name of optionNames) {
    const value: unknown = command.getOptionValue(camelCase(name));
    if (value !== undefined) given.set(name, { value, where: `--${name}` });
  }
  return given;
}
