import { createHash } from 'node:crypto';
import { canonicalJson, type Json } from '@maskloom/shards';

/** SHA-256 of a value's canonical JSON (RFC 8785), hexadecimal: what plans and stages are named by. */
export function jsonId(value: Json): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}
