import { sha256 as hash } from '@noble/hashes/sha2.js';

/** SHA-256 of the parts, one behind the other, where there is no node:crypto. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const state = hash.create();
  for (const part of parts) state.update(part);
  return state.digest();
}
