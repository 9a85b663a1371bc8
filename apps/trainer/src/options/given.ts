import type { OptionName } from './table.ts';

/** A value that somebody wrote down. */
export interface GivenValue {
  readonly value: unknown;
  /** Where, and by which name, for messages: `--lr`, or `run.yaml:7: lr`. */
  readonly where: string;
}

/** The options that were given, each with a value that its kind accepts. */
export type Given = ReadonlyMap<OptionName, GivenValue>;
