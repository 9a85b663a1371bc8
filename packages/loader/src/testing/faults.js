/**
 * @file Makes workers fail for real, each fault a set number of times over all workers: plain JavaScript, since workers
 * of every runtime import it.
 */

/**
 * @param {(task: any, masker: any) => any} compute
 * @param {{ faults: { step: number, kind: string }[], left: Int32Array }} data
 */
export function wrap(compute, { faults, left }) {
  return (task, masker) => {
    const fault = faults.findIndex(({ step }) => step === task.address.step);
    if (fault === -1 || Atomics.sub(left, fault, 1) <= 0) return compute(task, masker);
    return fail(faults[fault].kind, task, () => compute(task, masker));
  };
}

function fail(kind, { slot }, batch) {
  const bytes = new Uint8Array(slot.buffer, slot.start, slot.bytes);
  switch (kind) {
    case 'throws something else':
      throw new TypeError('a fault that is not of the batch');
    case 'throws outside of the task':
      setTimeout(throwFault);
      return new Promise(() => {});
    case 'throws after the task':
      setTimeout(throwFault, 20);
      return batch();
    case 'rejects outside of the task':
      Promise.reject(new Error('a fault that nobody handles'));
      return new Promise(() => {});
    case 'loops and writes':
      for (let value = 0; ; value++) bytes.fill(value);
    case 'sleeps':
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      return undefined;
    case 'never answers':
      bytes.fill(7);
      return new Promise(() => {});
    case 'exits':
      if (globalThis.Deno !== undefined) return Deno.exit(7);
      if (globalThis.process !== undefined) return process.exit(7);
      globalThis.close();
      return new Promise(() => {});
    case 'runs out of memory': {
      const kept = [];
      for (;;) kept.push(Array.from({ length: 100_000 }, () => ({})));
    }
    case 'finds an id that is not in the vocabulary':
      throw Object.assign(new RangeError('Token id 5000 at position 2 is not in the vocabulary'), {
        name: 'TokenIdError',
        position: 2,
        id: 5000,
      });
    default:
      throw new RangeError(`No fault "${kind}"`);
  }
}

function throwFault() {
  throw new Error('a fault outside of any task');
}
