import { canonicalJson, type Json } from '@maskloom/shards';

/** Where two JSON values differ. */
export interface Difference {
  /** Such as `strategy.denoisers[2].density`. */
  readonly path: string;
  /** The first one's value there; undefined where it has none. */
  readonly left: Json | undefined;
  /** The second one's. */
  readonly right: Json | undefined;
}

/** Every place where two JSON values differ, by path; as deep as both have objects, or both arrays. */
export function differencesOf(left: Json, right: Json, path = ''): readonly Difference[] {
  const [a, b] = [membersOf(left), membersOf(right)];
  if (a === undefined || b === undefined || a.array !== b.array) {
    return canonicalJson(left) === canonicalJson(right) ? [] : [{ path, left, right }];
  }
  const names = [...new Set([...a.members.keys(), ...b.members.keys()])];
  return (a.array ? names : names.sort()).flatMap((name) => {
    const inner = a.array ? `${path}[${name}]` : path === '' ? name : `${path}.${name}`;
    const [first, second] = [a.members.get(name), b.members.get(name)];
    if (first !== undefined && second !== undefined) return differencesOf(first, second, inner);
    return [{ path: inner, left: first, right: second }];
  });
}

function membersOf(value: Json): { array: boolean; members: Map<string, Json> } | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const present = Object.entries(value).filter(([, member]) => member !== undefined);
  return { array: Array.isArray(value), members: new Map(present) };
}

/** A value of JSON in an error or a report: short. */
export function shown(value: Json | undefined): string {
  if (value === undefined) return 'nothing';
  const text = canonicalJson(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
