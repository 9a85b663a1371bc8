import assert from 'node:assert/strict';
import { fromBfloat16, fromFloat16 } from './half-floats.ts';

const all = Uint16Array.from({ length: 65536 }, (_, half) => half);

/** NaN is NaN here, whatever its bits. */
function assertSame(found: Float32Array, expected: Float32Array): void {
  assert.equal(found.length, expected.length);
  const index = found.findIndex((value, index) => !Object.is(value, expected[index]));
  assert.equal(index, -1, `${found[index]} for ${index}, expected ${expected[index]}`);
}

Deno.test('every float of 16 bits is the float of 32 bits of the same value', () => {
  const view = new DataView(new ArrayBuffer(2));
  const expected = Float32Array.from(all, (half) => {
    view.setUint16(0, half);
    return view.getFloat16(0);
  });
  assertSame(fromFloat16(all), expected);
});

Deno.test('every bfloat16 is the upper half of its float of 32 bits', () => {
  const view = new DataView(new ArrayBuffer(4));
  const expected = Float32Array.from(all, (half) => {
    view.setUint16(0, half);
    return view.getFloat32(0);
  });
  assertSame(fromBfloat16(all), expected);
  assert.deepEqual([...fromBfloat16(Uint16Array.of(0x3f80, 0xc049))], [1, -3.140625]);
});
