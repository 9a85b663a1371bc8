/** What a runtime with files has for reading them. */
export interface Files {
  /** Opens a file for reading and gives its descriptor. */
  open(path: string): number;
  close(descriptor: number): void;
  /** Bytes of an open file. */
  size(descriptor: number): number;
  /** Reads some bytes from `position` and gives how many: 0 at the end. */
  readSync(descriptor: number, into: Uint8Array, position: number): number;
  read(descriptor: number, into: Uint8Array, position: number): Promise<number>;
}
