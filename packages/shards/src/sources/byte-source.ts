/** Where the bytes of a file are, read by range: a file, or what a web server has. */
export interface ByteSource {
  /** Path or URL, for messages. */
  readonly location: string;
  /** Bytes of the whole file. */
  readonly byteLength: number;
  /**
   * Fills `into` with the bytes from `start`.
   *
   * @throws {ShardError} naming the location, what was expected and what was found.
   */
  read(start: number, into: Uint8Array): Promise<void>;
  /** The same at once, where that is faster: from a file. */
  readonly readSync?: (start: number, into: Uint8Array) => void;
  /** Closes what is open and not being read. A later read opens it again. */
  release(): void;
  /** The same, and reads from a server that are under way fail. */
  close(): void;
}
