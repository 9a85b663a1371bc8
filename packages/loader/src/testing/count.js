/** @file Counts the batches that workers compute: plain JavaScript, since workers of every runtime import it. */

/**
 * @param {(task: any, masker: any) => any} compute
 * @param {Int32Array} counter in shared memory
 */
export function wrap(compute, counter) {
  return (task, masker) => {
    Atomics.add(counter, 0, 1);
    return compute(task, masker);
  };
}
