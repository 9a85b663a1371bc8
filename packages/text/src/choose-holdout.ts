import { createHash } from 'node:crypto';
import { ArgumentError } from '@maskloom/core';

/** SHA-256 of a document's text, hexadecimal. */
export function documentHash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/**
 * Chooses the documents to set aside: the `share` of them, rounded and at least one, with the smallest
 * hashes. The choice depends on the texts alone, not on the order of files; documents with the same text
 * land on the same side.
 *
 * @returns the hashes of the documents set aside
 * @throws {ArgumentError} if the share leaves no document for training.
 */
export function chooseHoldout(hashes: readonly string[], share: number): ReadonlySet<string> {
  if (!(share >= 0 && share < 1)) {
    throw new ArgumentError('holdout', 'a share from 0 to below 1', share);
  }
  if (share === 0) return new Set();
  const count = Math.max(1, Math.round(hashes.length * share));
  const chosen = new Set([...hashes].sort().slice(0, count));
  if (hashes.every((hash) => chosen.has(hash))) {
    throw new ArgumentError(
      'holdout',
      `a share that leaves documents to train on, of ${hashes.length}`,
      share,
      'give more documents, such as a .jsonl file with one a line',
    );
  }
  return chosen;
}
