import canonicalize from 'canonicalize';

/** A value that JSON can hold. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

/**
 * The canonical form of a JSON value (RFC 8785): sorted keys, no white space, one way to write each
 * number; the form whose SHA-256 names datasets and plans.
 *
 * @example
 * ```ts
 * import { canonicalJson } from '@maskloom/shards';
 * console.log(canonicalJson({ b: 1, a: [true] })); // {"a":[true],"b":1}
 * ```
 */
export function canonicalJson(value: Json): string {
  return canonicalize(value) as string;
}
