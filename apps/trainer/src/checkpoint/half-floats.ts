/** @file Floats of 16 bits as floats of 32, which hold every one of them exactly. */

/** IEEE 754 binary16: 5 bits of exponent, 10 of fraction. */
export function fromFloat16(halves: Uint16Array): Float32Array<ArrayBuffer> {
  return Float32Array.from(halves, (half) => {
    const sign = half & 0x8000 ? -1 : 1;
    const exponent = (half >> 10) & 0x1f;
    const fraction = half & 0x3ff;
    if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
    return exponent === 0
      ? sign * fraction * 2 ** -24
      : sign * (1024 + fraction) * 2 ** (exponent - 25);
  });
}

/** The upper half of a float of 32 bits. */
export function fromBfloat16(halves: Uint16Array): Float32Array<ArrayBuffer> {
  return new Float32Array(Uint32Array.from(halves, (half) => half << 16).buffer);
}
