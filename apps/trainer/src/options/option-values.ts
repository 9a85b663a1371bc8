import type { Given } from './given.ts';
import type { AnyOption, Option } from './option.ts';
import { type OptionName, optionNames, table } from './table.ts';

/** A name in kebab-case, in camelCase. */
export type CamelCase<Name extends string> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name;

/** A name as code has it: `evalUrl` for `eval-url`. */
export function camelCase<Name extends string>(name: Name): CamelCase<Name> {
  return name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase()) as CamelCase<Name>;
}

type Table = typeof table;
type ValueOf<Described> = Described extends Option<infer Value> ? Value : never;
type DefaultedName = {
  [Name in OptionName]: Table[Name] extends { readonly default: unknown } ? Name : never;
}[OptionName];

/** A value for each option of the table that has a default or was given. */
export type OptionValues = {
  readonly [Name in DefaultedName as CamelCase<Name>]: ValueOf<Table[Name]>;
} & {
  readonly [Name in Exclude<OptionName, DefaultedName> as CamelCase<Name>]?: ValueOf<Table[Name]>;
};

/** Values for all options: those given, else the defaults. */
export function optionValues(given: Given): OptionValues {
  const values: Record<string, unknown> = {};
  for (const name of optionNames) {
    const described: AnyOption = table[name];
    const value =
      given.get(name)?.value ?? ('default' in described ? described.default : undefined);
    if (value !== undefined) values[camelCase(name)] = value;
  }
  if (areOptionValues(values)) return values;
  throw new TypeError('An option has a value that its kind does not accept');
}

function areOptionValues(values: Readonly<Record<string, unknown>>): values is OptionValues {
  return optionNames.every((name) => {
    const described: AnyOption = table[name];
    const value = values[camelCase(name)];
    return value === undefined ? !('default' in described) : described.kind.is(value);
  });
}
