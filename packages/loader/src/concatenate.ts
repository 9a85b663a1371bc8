/** Bytes, one part behind the other. */
export function concatenate(parts: Iterable<Uint8Array>): Uint8Array {
  const list = [...parts];
  const whole = new Uint8Array(list.reduce((sum, part) => sum + part.length, 0));
  let end = 0;
  for (const part of list) {
    whole.set(part, end);
    end += part.length;
  }
  return whole;
}
