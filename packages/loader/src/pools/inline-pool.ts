import type { Masker } from '@maskloom/core';
import type { Compute } from '../compute.ts';
import { LoaderClosedError } from '../errors.ts';
import type { Ring } from '../ring.ts';
import type { Pool, PoolResult } from './pool.ts';
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

  /** Tasks whose samples are still being read, or that are computed. */
  const running = new Set<Running>();

  return {
    sharing: 'inline',
    rooms: 1,
    run: (task) => {
      const taken = new Promise<PoolResult>((resolve, reject) => {
        if (closed) throw new LoaderClosedError();
        const result = (async () => compute(task, task.ring && maskerOf(task.ring)))();
        const own: Running = {
          stream: task.stream,
          reject,
          ended: result.then(
            (computed) => {
              running.delete(own);
              task.onComputed?.();
              resolve({ result: computed, slot: task.slot, worker: 0 });
            },
            (error: unknown) => {
              running.delete(own);
              reject(error);
            },
          ),
        };
        running.add(own);
      });
      // Until it is taken a failure must not count as unhandled.
      taken.catch(() => {});
      return { take: () => taken };
    },
    forget: (ring) => {
      maskers.delete(ring);
    },
    cancel: async (stream, reason) => {
      const cancelled = [...running].filter((task) => task.stream === stream);
      for (const { reject } of cancelled) reject(reason);
      await Promise.all(cancelled.map(({ ended }) => ended));
    },
    close: async () => {
      if (closed) return;
      closed = true;
      for (const { reject } of running) reject(new LoaderClosedError());
      onClose();
    },
  };
}

interface Running {
  readonly stream: object;
  readonly reject: (reason: unknown) => void;
  /** Resolves once nothing is written to the task's slot any more. */
  readonly ended: Promise<void>;
}
