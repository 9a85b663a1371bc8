/** Text that cannot be read: missing, empty, not UTF-8, malformed, or too long for one document. */
export class TextError extends Error {
  override readonly name = 'TextError';
  readonly code: 'TEXT_MISSING' | 'TEXT_EMPTY' | 'TEXT_ENCODING' | 'TEXT_FORMAT';
  /** The file or folder; for a line of a `.jsonl` file, with its number. */
  readonly path: string;
  /** For `TEXT_ENCODING`: the first byte of the file that is not UTF-8. */
  readonly offset: number | undefined;

  constructor(
    code: TextError['code'],
    path: string,
    message: string,
    options: ErrorOptions & { readonly offset?: number } = {},
  ) {
    super(message, options);
    this.code = code;
    this.path = path;
    this.offset = options.offset;
  }
}

/** A tokenizer that cannot be loaded, or that masking cannot use. */
export class TokenizerError extends Error {
  override readonly name = 'TokenizerError';
  readonly code = 'TOKENIZER';
  /** The folder or the name on the hub. */
  readonly tokenizer: string;

  constructor(tokenizer: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.tokenizer = tokenizer;
  }
}
