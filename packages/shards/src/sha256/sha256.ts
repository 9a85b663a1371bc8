import { sha256 as hash } from '#sha256';

/**
 * SHA-256 of the parts, one behind the other: 32 bytes. Of shared memory too, in every runtime.
 *
 * @example
 * ```ts
 * import { sha256, toHex } from '@maskloom/shards';
 * console.log(toHex(sha256(new TextEncoder().encode('abc')))); // ba7816bf…
 * ```
 */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  return hash(...parts);
}

/** Bytes in hexadecimal, lower case. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The bytes of a text of hexadecimal digits, two for each. */
export function fromHex(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length / 2 }, (_, index) =>
    Number.parseInt(text.slice(2 * index, 2 * index + 2), 16),
  );
}
