import { ArgumentError } from '@maskloom/core';
import { camelCase } from './options/option-values.ts';
import { optionNames } from './options/table.ts';

/** An error in one line for a person, which names an option as the command line does. */
export function errorLine(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const line = error.message.replaceAll(/\s*\n\s*/g, ' ');
  if (!(error instanceof ArgumentError)) return line;
  const option = optionNames.find((name) => camelCase(name) === error.argument);
  return option === undefined ? line : `--${option}${line.slice(error.argument.length)}`;
}
