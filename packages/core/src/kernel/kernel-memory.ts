/**
 * @file WebAssembly as far as the kernels need it: every runtime has it, but the language's own type declarations do
 * not.
 */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Memory: new (descriptor: { initial: number; maximum: number }) => KernelMemory;
  Instance: new (
    module: object,
    imports: { env: { memory: KernelMemory } },
  ) => { readonly exports: unknown };
};
declare function atob(base64: string): string;

/** A `WebAssembly.Memory`, shared or not, made with a maximum of at most 65,536 pages. */
export interface KernelMemory {
  readonly buffer: ArrayBufferLike;
}

/** Part of a memory for a masker to work in. */
export interface KernelRoom {
  readonly memory: KernelMemory;
  /** Its first byte, a multiple of 64. */
  readonly start: number;
  /** At least what `kernelBytes` says. */
  readonly bytes: number;
}

const pageBytes = 65536;
const mostPages = 65536;

/** A new memory of at least so many bytes. */
export function newMemory(bytes: number): KernelMemory {
  return new WebAssembly.Memory({ initial: Math.ceil(bytes / pageBytes), maximum: mostPages });
}

/** A module's compiled forms. */
export interface CompiledKernel {
  shared?: object;
  unshared?: object;
}

/**
 * Links a kernel with a memory. A module is made for shared memory or for unshared: a flag in its import says
 * which.
 */
export function instantiate(
  base64: string,
  compiled: CompiledKernel,
  memory: KernelMemory,
): unknown {
  const form = memory.buffer instanceof ArrayBuffer ? 'unshared' : 'shared';
  compiled[form] ??= new WebAssembly.Module(bytesOf(base64, form === 'shared'));
  return new WebAssembly.Instance(compiled[form], { env: { memory } }).exports;
}

function bytesOf(base64: string, shared: boolean): Uint8Array {
  const bytes = Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0));
  // The import's end: its name "memory", 2 for a memory, then its limits' flags: 3 is shared with a maximum, 1 unshared.
  const name = [...'memory'].map((letter) => letter.charCodeAt(0));
  const at = bytes.findIndex((_, start) =>
    name.every((code, index) => bytes[start + index] === code),
  );
  bytes[at + name.length + 1] = shared ? 3 : 1;
  return bytes;
}
