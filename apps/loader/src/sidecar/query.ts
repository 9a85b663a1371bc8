import { ArgumentError } from '@maskloom/core';
import { defaultLayout, type LayoutSpec, type Plan } from '@maskloom/loader';
import type { Rank } from '../rank.ts';

/** What a request for batches asks for. */
export interface BatchQuery {
  readonly epoch: number;
  readonly step: number;
  readonly rank: number;
  readonly world: number;
  readonly layout: LayoutSpec;
  /** Only in a stream: how many batches. */
  readonly steps: number | undefined;
}

const layouts = ['dense', 'compact', 'varlen', 'seq2seq'] as const;
const known = ['epoch', 'step', 'rank', 'world', 'layout', 'multiple', 'steps'];

/**
 * Reads a query string.
 *
 * @param plan fixes the default layout
 * @param pad what a layout of rectangles is padded to: a stream has one schema, so one width
 * @param slice of each global batch, if the query names none
 * @throws {ArgumentError} for an unknown or malformed parameter.
 */
export function parseQuery(
  query: URLSearchParams,
  plan: Plan,
  pad: 'batch' | 'dataset',
  slice: Rank = { rank: 0, world: 1 },
): BatchQuery {
  for (const name of query.keys()) {
    if (!known.includes(name)) {
      throw new ArgumentError('query', `only ${known.join(', ')}`, name);
    }
  }
  const name = query.get('layout') ?? defaultLayout(plan);
  const layout = layouts.find((known) => known === name);
  if (layout === undefined) {
    throw new ArgumentError('layout', '"dense", "compact", "varlen" or "seq2seq"', name);
  }
  const multiple = integer(query, 'multiple', 1);
  return {
    epoch: integer(query, 'epoch', 0),
    step: integer(query, 'step', 0),
    ...(query.has('rank') || query.has('world')
      ? { rank: integer(query, 'rank', 0), world: integer(query, 'world', 1) }
      : slice),
    layout: layout === 'compact' || layout === 'varlen' ? layout : { type: layout, pad, multiple },
    steps: query.has('steps') ? integer(query, 'steps', 0) : undefined,
  };
}

function integer(query: URLSearchParams, name: string, otherwise: number): number {
  const text = query.get(name);
  if (text === null) return otherwise;
  if (!/^[0-9]{1,15}$/.test(text)) throw new ArgumentError(name, 'an integer from 0', text);
  return Number(text);
}
