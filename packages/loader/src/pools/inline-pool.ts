import type { Masker } from '@maskloom/core';
import type { Compute } from '../compute.ts';
import { LoaderClosedError } from '../errors.ts';
import type { Ring } from '../ring.ts';
import type { Pool } from './pool.ts';
import type { MaskerIn } from './worker-compute.ts';

/** Computes in the calling thread. */
export function inlinePool(compute: Compute, maskerIn: MaskerIn, onClose: () => void): Pool {
  let closed = false;
  const maskers = new WeakMap<Ring, Masker>();

  function maskerOf(ring: Ring): Masker | undefined {
    const room = ring.room(0);
    if (room === undefined) return undefined;
    const masker = maskers.get(ring) ?? maskerIn(room);
    maskers.set(ring, masker);
    return masker;
  }

  return {
    sharing: 'inline',
    rooms: 1,
    run: async (task) => {
      if (closed) throw new LoaderClosedError();
      const result = await compute(task, task.ring && maskerOf(task.ring));
      return { ...result, slot: task.slot };
    },
    forget: (ring) => {
      maskers.delete(ring);
    },
    cancel: async () => {},
    close: async () => {
      if (!closed) onClose();
      closed = true;
    },
  };
}
