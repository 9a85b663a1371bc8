/** @file Counts what threads do: tasks, bytes copied into slots, and bytes of what they answer. Node only. */
import { serialize } from 'node:v8';

/** Where the counts are. */
export const tasks = 0;
export const copied = 1;
export const answered = 2;

const metadataRoom = 2048;
const TypedArray = Object.getPrototypeOf(Uint8Array);

/**
 * @param {(task: any, masker: any) => any} compute
 * @param {{ counts: Int32Array }} data
 */
export function wrap(compute, { counts }) {
  let slot;
  const { set } = TypedArray.prototype;
  TypedArray.prototype.set = function (source, offset = 0) {
    const start = this.byteOffset + offset * this.BYTES_PER_ELEMENT - (slot?.start ?? 0);
    // Metadata is made, not copied.
    if (this.buffer === slot?.buffer && start >= metadataRoom && start < slot.bytes) {
      Atomics.add(counts, copied, source.length * this.BYTES_PER_ELEMENT);
    }
    return set.call(this, source, offset);
  };
  return async (task, masker) => {
    slot = task.slot;
    const result = await compute(task, masker);
    Atomics.add(counts, tasks, 1);
    Atomics.add(counts, answered, serialize(result).length);
    return result;
  };
}
