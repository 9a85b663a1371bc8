import type { OptionName } from './table.ts';

/** Options that say something wrong, or that do not go together. */
export class OptionsError extends Error {
  override readonly name = 'OptionsError';
  readonly code = 'OPTIONS';
  /** The option at fault, where one is. */
  readonly option: OptionName | undefined;
  /** The `run.yaml` at fault, and its line from 1. */
  readonly path: string | undefined;
  readonly line: number | undefined;

  constructor(
    message: string,
    options: ErrorOptions & {
      readonly option?: OptionName;
      readonly path?: string;
      readonly line?: number;
    } = {},
  ) {
    super(message, options);
    this.option = options.option;
    this.path = options.path;
    this.line = options.line;
  }
}
