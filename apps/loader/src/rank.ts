import { ArgumentError } from '@maskloom/core';

/** Which slice of each global batch. */
export interface Rank {
  readonly rank: number;
  readonly world: number;
}

/** The variables that say it: torchrun's, and SLURM's for a task of a job step. */
const variables = [
  ['RANK', 'WORLD_SIZE'],
  ['SLURM_PROCID', 'SLURM_NTASKS'],
] as const;

/**
 * The rank that a launcher gave this process; undefined without one.
 *
 * @throws {ArgumentError} if only one of two variables is there, or they are not a rank and the number of ranks.
 */
export function rankOf(
  environment: Readonly<Record<string, string | undefined>>,
): Rank | undefined {
  for (const [rankName, worldName] of variables) {
    const [rank, world] = [environment[rankName], environment[worldName]];
    if (rank === undefined && world === undefined) continue;
    const ranks = count(worldName, world, 1, Number.MAX_SAFE_INTEGER);
    return { rank: count(rankName, rank, 0, ranks - 1), world: ranks };
  }
  return undefined;
}

function count(name: string, text: string | undefined, least: number, most: number): number {
  const value = Number(text);
  if (text !== undefined && /^[0-9]+$/.test(text) && value >= least && value <= most) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
  throw new ArgumentError(
    name,
    `an integer ${range}`,
    text,
    'unset it, or give --rank and --world',
  );
}
