import { ArgumentError } from '../../errors.ts';
import type { Sentinels } from '../../vocab.ts';
import type { MaskedOutput } from '../strategy.ts';
import { checkInteger } from './denoiser.ts';

/** Checks sentinels from a plan. */
export function checkSentinels(sentinels: Sentinels): Sentinels {
  const { first, count } = sentinels ?? {};
  checkInteger('strategy.sentinels.first', first, 0, 2 ** 31 - 1);
  checkInteger('strategy.sentinels.count', count, 1, first + 1);
  return { first, count };
}

/** The ids that a corrupted sample has beside its own. */
export interface AddedIds {
  readonly sentinels: Sentinels;
  /** Put in front of the input. */
  readonly mode?: number | undefined;
  /** Put behind the target. */
  readonly end?: number | undefined;
}

/**
 * Writes a sample whose tokens `noise` are hidden: in the input a sentinel stands for each run of them, and
 * the target has each sentinel followed by what it stands for. Special tokens stay in the input, and end a run.
 *
 * @param special 1 where an id is special
 * @param noise 1 where a token is hidden; tokens are counted without special ones
 */
export function writeCorrupted(
  ids: ArrayLike<number>,
  special: Uint8Array,
  noise: Uint8Array,
  { sentinels, mode, end }: AddedIds,
  out: MaskedOutput,
): void {
  const { inputIds, labels } = out;
  let inputs = 0;
  let targets = 0;
  let sentinel = sentinels.first;
  let inRun = false;
  let token = 0;
  if (mode !== undefined) inputIds[inputs++] = mode;
  for (let position = 0; position < ids.length; position++) {
    const id = ids[position]!;
    if (special[id] === 1 || noise[token++] === 0) {
      inputIds[inputs++] = id;
      inRun = false;
      continue;
    }
    if (!inRun) {
      inputIds[inputs++] = sentinel;
      labels[targets++] = sentinel--;
      inRun = true;
    }
    labels[targets++] = id;
  }
  if (end !== undefined) labels[targets++] = end;
  // Typed arrays pass over what is written behind their end.
  if (inputs > inputIds.length || targets > labels.length) {
    throw new ArgumentError(
      'out',
      `an array of at least ${inputs} inputs and one of ${targets} labels`,
      `${inputIds.length} and ${labels.length}`,
      'ask capacity() how much a sample may take',
    );
  }
  out.inputLength = inputs;
  out.labelLength = targets;
}
