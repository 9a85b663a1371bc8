import type { Architecture } from '../model/config.ts';
import type { Kind } from './kinds.ts';

/** What options are about, in the order in which they are shown. */
export const groups = ['data', 'model', 'optimiser', 'machine', 'output'] as const;

/** What an option is about. */
export type Group = (typeof groups)[number];

/** An option of a training run: all that the command line, `run.yaml` and the documentation tell of it. */
export interface Option<Value> {
  readonly group: Group;
  readonly kind: Kind<Value>;
  /** What it sets, in a line that begins in lower case and has no full stop. */
  readonly doc: string;
  /** Architectures it is for, if it is not for all. */
  readonly only?: readonly Architecture[];
}

/** An option that has a value in any case. */
export interface DefaultedOption<Value> extends Option<Value> {
  readonly default: Value;
}

/** An option that may be left out. */
export interface OpenOption<Value> extends Option<Value> {
  /** What holds without it, in words. */
  readonly without: string;
}

/** Any option. */
export type AnyOption = DefaultedOption<unknown> | OpenOption<unknown>;

/** Describes an option with a default. */
export function option<Value>(
  described: Option<Value> & { readonly default: NoInfer<Value> },
): DefaultedOption<Value> {
  return described;
}

/** Describes an option without a default. */
export function open<Value>(described: OpenOption<Value>): OpenOption<Value> {
  return described;
}

/** What holds without an option, in words. */
export function defaultOf(described: AnyOption): string {
  return 'without' in described ? described.without : String(described.default);
}

/** A group's name as a heading. */
export function titleOf(group: Group): string {
  return `${group[0]!.toUpperCase()}${group.slice(1)}`;
}
