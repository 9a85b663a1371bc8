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

/** A kernel's module, and what was compiled of it. */
export interface KernelModule {
  /** Its bytes, hexadecimal. */
  readonly hex: string;
  shared?: object;
  unshared?: object;
}

/** Links a kernel with a memory. */
export function instantiate(module: KernelModule, memory: KernelMemory): unknown {
  const form = memory.buffer instanceof ArrayBuffer ? 'unshared' : 'shared';
  module[form] ??= new WebAssembly.Module(bytesOf(module.hex, form));
  return new WebAssembly.Instance(module[form], { env: { memory } }).exports;
}

function bytesOf(hex: string, form: 'shared' | 'unshared'): Uint8Array {
  // The import's end: "memory", 2 for a memory, and 3 if it is shared, 1 if not; both have a maximum.
  const limits = (flags: number) => `6d656d6f7279020${flags}`;
  const flagged = form === 'shared' ? hex : hex.replace(limits(3), limits(1));
  return Uint8Array.from(flagged.match(/../g)!, (byte) => Number.parseInt(byte, 16));
}
