import { canonicalJson, type Json, sha256, toHex } from '@maskloom/shards';

/** SHA-256 of a value's canonical JSON (RFC 8785), hexadecimal: what plans and stages are named by. */
export function jsonId(value: Json): string {
  return toHex(sha256(new TextEncoder().encode(canonicalJson(value))));
}
