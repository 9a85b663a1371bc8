import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { inlinedKernel } from '../../assembly/build.mjs';
import { createMasker } from '../masker.ts';
import { createDraws } from '../random/draws.ts';
import { tokenMasking } from '../strategies/token-masking.ts';
import { vocabTables } from '../vocab.ts';

const uint64 = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.constantFrom(0n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 64n - 1n),
);
const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const share = fc.oneof(fc.constantFrom(0, 0.0001, 1), fc.double({ min: 0, max: 1, noNaN: true }));
const options = fc
  .tuple(share, share, share)
  .map(([rate, a, b]) => ({ rate, mask: a, random: (1 - a) * b, keep: (1 - a) * (1 - b) }));
const size = 70_000;
const specialIds = fc
  .uniqueArray(fc.oneof(fc.integer({ min: 0, max: 8 }), fc.integer({ min: 0, max: size - 1 })), {
    minLength: 1,
    maxLength: 16,
  })
  .map((ids) => ids.toSorted((a, b) => a - b));
const id = fc.oneof(fc.integer({ min: 0, max: 10 }), fc.integer({ min: 0, max: size - 1 }));

const vocabOf = (special: number[]) => ({
  size,
  maskId: special.at(-1)!,
  padId: special[0]!,
  specialIds: special,
  continuationIds: [],
});

describe('the kernel of the token strategy', () => {
  test('gives the bytes of the reference', () => {
    fc.assert(
      fc.property(
        options,
        specialIds,
        fc.array(id, { maxLength: 200 }),
        fc.record({ seed: uint64, epoch: uint32, sample: uint64 }),
        fc.constantFrom(Uint16Array, Uint32Array, Int32Array),
        fc.constantFrom(Uint16Array, Uint32Array, Int32Array),
        (shares, special, plain, { seed, epoch, sample }, In, Out) => {
          const ids = In.from(plain);
          const vocab = vocabTables(vocabOf(special));
          const strategy = tokenMasking(shares);
          const accelerated = strategy.accelerate!(vocab) ?? strategy.mask;
          const draws = createDraws(seed).at(epoch, sample);
          const make = () => ({
            inputIds: new Out(ids.length + 3).fill(7),
            labels: new Int32Array(ids.length + 3).fill(8),
          });
          const [ours, theirs] = [make(), make()];
          const input = { ids, segment: undefined };
          const selected = accelerated(input, draws, vocab, ours);
          expect(selected).toBe(strategy.mask(input, draws, vocab, theirs));
          expect(ours).toEqual(theirs);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('keeps maskers apart that take turns', () => {
    const ids = Uint16Array.from({ length: 100 }, (_, index) => 5 + index);
    const maskers = [1n, 2n, 3n].map((seed) =>
      createMasker({ vocab: vocabOf([0, 1, 4]), seed, strategy: tokenMasking({ rate: 0.5 }) }),
    );
    const alone = maskers.map((masker) => masker.mask(ids, { epoch: 1, sample: 2 }));
    for (let turn = 0; turn < 3; turn++) {
      const again = maskers.map((masker) => masker.mask(ids, { epoch: 1, sample: 2 }));
      expect(again).toEqual(alone);
    }
    expect(alone[0]).not.toEqual(alone[1]);
  });

  test('refuses the ids that the reference refuses, with the same error', () => {
    const vocab = { ...vocabOf([0, 1, 4]), size: 500 };
    const masker = createMasker({ vocab, seed: 1n, strategy: tokenMasking({ rate: 0.5 }) });
    const plain = Array.from({ length: 50 }, (_, index) => (index === 37 ? 500 : index + 5));
    const address = { epoch: 0, sample: 0 };
    const message = /37.*500/;
    expect(() => masker.mask(plain, address)).toThrow(message);
    for (const type of [Uint16Array, Uint32Array, Int32Array]) {
      expect(() => masker.mask(type.from(plain), address)).toThrow(message);
    }
    expect(() => masker.mask(Int32Array.of(-1), address)).toThrow(/-1/);
  });

  test('leaves scattered special ids and long samples to the reference', () => {
    const scattered = Array.from({ length: 17 }, (_, index) => index * 2);
    const strategy = tokenMasking({ rate: 0.5 });
    expect(strategy.accelerate!(vocabTables(vocabOf(scattered)))).toBeUndefined();
    const ids = Uint16Array.from({ length: 40_000 }, (_, index) => 5 + (index % 1000));
    const masker = createMasker({ vocab: vocabOf([0, 4]), seed: 1n, strategy });
    const address = { epoch: 0, sample: 0 };
    expect(masker.mask(ids, address)).toEqual(masker.mask([...ids], address));
  });

  describe('where there is no WebAssembly', () => {
    afterEach(() => {
      vi.unstubAllGlobals();
      vi.resetModules();
    });
    test('the reference takes its place', async () => {
      vi.resetModules();
      vi.stubGlobal('WebAssembly', undefined);
      const fresh = await import('../strategies/token-masking.ts');
      const strategy = fresh.tokenMasking({ rate: 0.5 });
      expect(strategy.accelerate!(vocabTables(vocabOf([0, 4])))).toBeUndefined();
    });
  });

  test('is what the compiler makes of its source', async () => {
    const inlined = new URL('token-masking-wasm.ts', import.meta.url);
    expect(await readFile(inlined, 'utf8')).toBe(await inlinedKernel());
  });
});
