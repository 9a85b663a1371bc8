import { createHash } from 'node:crypto';

/**
 * The digest of a global batch (docs/spec.md, Stream digest), hexadecimal.
 *
 * @param digests Uint8Array[32 * samples]: its sample digests, in its order
 */
export function batchDigest(digests: Uint8Array): string {
  return createHash('sha256').update(digests).digest('hex');
}
