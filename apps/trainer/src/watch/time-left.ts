/** Estimates how long a run still takes. */
export interface TimeLeft {
  /** Tells that so many steps are done by now. */
  update(done: number): void;
  /** Seconds; undefined as long as there is nothing to judge by, and once all is done. */
  seconds(): number | undefined;
}

/** Updates that an estimate looks back on. */
const span = 1000;

/**
 * Judges by the time that the latest steps took, with all that lies between them, such as evaluations. The
 * first step does not count, as it compiles; nor do those that a run that is resumed did before.
 *
 * @param total steps there will be
 * @param now milliseconds of a clock that only goes forward
 */
export function createTimeLeft(total: number, now = () => performance.now()): TimeLeft {
  const updates: { readonly done: number; readonly at: number }[] = [];
  return {
    update(done) {
      updates.push({ done, at: now() });
      if (updates.length > span) updates.shift();
    },
    seconds() {
      const first = updates[0];
      const last = updates.at(-1);
      if (
        first === undefined ||
        last === undefined ||
        last.done === first.done ||
        last.done >= total
      )
        return undefined;
      const perStep = (last.at - first.at) / 1000 / (last.done - first.done);
      return perStep * (total - last.done);
    },
  };
}
