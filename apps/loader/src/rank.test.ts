import { expect, test } from 'vitest';
import { rankOf } from './rank.ts';

test("rankOf() takes torchrun's variables, or SLURM's", () => {
  expect(rankOf({})).toBeUndefined();
  expect(rankOf({ RANK: '3', WORLD_SIZE: '8' })).toEqual({ rank: 3, world: 8 });
  expect(rankOf({ SLURM_PROCID: '0', SLURM_NTASKS: '2' })).toEqual({ rank: 0, world: 2 });
  const both = { RANK: '1', WORLD_SIZE: '4', SLURM_PROCID: '0', SLURM_NTASKS: '1' };
  expect(rankOf(both)).toEqual({ rank: 1, world: 4 });
});

test('rankOf() refuses half a rank, and one that is not of the world', () => {
  expect(() => rankOf({ RANK: '3' })).toThrow(
    /^WORLD_SIZE is missing, expected an integer from 1/,
  );
  expect(() => rankOf({ RANK: '4', WORLD_SIZE: '4' })).toThrow(
    /^RANK is "4", expected an integer from 0 to 3: unset it, or give --rank and --world/,
  );
  expect(() => rankOf({ SLURM_PROCID: 'x', SLURM_NTASKS: '4' })).toThrow(/^SLURM_PROCID is "x"/);
});
