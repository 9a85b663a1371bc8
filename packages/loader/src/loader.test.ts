import {
  albert,
  createMasker,
  type Strategy,
  sentenceOrder,
  spanbert,
  tokenMasking,
  unigramWords,
} from '@maskloom/core';
import {
  type BatchesOptions,
  createLoader,
  createPlan,
  endOfStream,
  type Loader,
  type Plan,
  readCompact,
  readDense,
  StreamDigest,
  sampleDigests,
  schemaMessage,
} from '@maskloom/loader';
import type { Dataset } from '@maskloom/shards';
import { tableFromIPC } from 'apache-arrow';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { makeDataset, vocab } from './testing/dataset.ts';

const strategy = tokenMasking({ rate: 0.2 });
let dataset: Dataset;
let plan: Plan;
beforeAll(async () => {
  dataset = await makeDataset(203);
  plan = createPlan({ dataset, strategy, seed: 42n, batch: 12, last: 'short' });
});

/** The stream digest as so many ranks see it together. */
async function digestOf(loader: Loader, ranks: number, options: BatchesOptions): Promise<string> {
  const digest = new StreamDigest(loader.planId);
  const streams = Array.from({ length: ranks }, (_, rank) =>
    loader.batches({ ...options, rank, world: ranks, digest: true }),
  );
  for (;;) {
    const slices = await Promise.all(streams.map((stream) => stream.next()));
    if (slices[0]!.done) return digest.hex();
    digest.updateDigests(Buffer.concat(slices.map((slice) => slice.value!.digests!)));
  }
}

async function withLoader<Result>(
  workers: number,
  action: (loader: Loader) => Promise<Result>,
  given: Plan = plan,
): Promise<Result> {
  await using loader = await createLoader({ plan: given, dataset, workers });
  return await action(loader);
}

describe('the stream', () => {
  test('has one digest for any workers, ranks, prefetch and layout', async () => {
    const digests = new Set<string>();
    for (const workers of [0, 1, 2, 3]) {
      await withLoader(workers, async (loader) => {
        for (const ranks of [1, 2, 4]) {
          for (const [prefetch, layout] of [
            [0, 'dense'],
            [1, 'compact'],
            [8, { type: 'dense', pad: 'dataset', multiple: 8 }],
          ] as const) {
            digests.add(await digestOf(loader, ranks, { steps: 40, prefetch, layout }));
          }
        }
      });
    }
    expect([...digests]).toHaveLength(1);
  });

  test('carries sentence order in both layouts, with one digest', async () => {
    const ordered = createPlan({ dataset, strategy: sentenceOrder(albert()), seed: 3n, batch: 12 });
    const found: string[] = [];
    await withLoader(
      2,
      async (loader) => {
        for (const layout of ['dense', 'compact'] as const) {
          const digest = new StreamDigest(loader.planId);
          let swapped = 0;
          for await (const batch of loader.batches({ steps: 16, layout })) {
            digest.update(batch.recordBatch);
            const read = layout === 'dense' ? readDense : readCompact;
            const { sample, sentenceLabel } = read(batch.recordBatch);
            swapped += sentenceLabel!.reduce((sum, label) => sum + label, 0);
            if (layout !== 'dense') continue;
            const { tokenTypeIds, width } = readDense(batch.recordBatch);
            for (let row = 0; row < batch.rows; row++) {
              const length = dataset.length(Number(sample[row]));
              const segment = dataset.segment(Number(sample[row]))!;
              const second = sentenceLabel![row] === 1 ? segment - 1 : length - segment;
              const types = tokenTypeIds!.subarray(row * width, (row + 1) * width);
              expect(types.reduce((sum, type) => sum + type, 0)).toBe(second);
              expect(types.lastIndexOf(1)).toBe(length - 1);
            }
          }
          found.push(digest.hex());
          expect(swapped).toBeGreaterThan(60);
          expect(swapped).toBeLessThan(132);
        }
        found.push(await digestOf(loader, 3, { steps: 16 }));
      },
      ordered,
    );
    expect(new Set(found).size).toBe(1);
  });

  test.each<[string, Strategy]>([
    ['tokens', strategy],
    ['spans of a column of units', spanbert({ unit: 'column' })],
  ])('is what masking each sample by itself gives: %s', async (_name, strategy) => {
    const masker = createMasker({ vocab, seed: 42n, strategy });
    const given = createPlan({ dataset, strategy, seed: 42n, batch: 12, last: 'short' });
    await withLoader(
      2,
      async (loader) => {
        for await (const batch of loader.batches({ steps: 40, layout: 'compact' })) {
          const { sample, inputIds, positions, labels } = readCompact(batch.recordBatch);
          for (let row = 0; row < batch.rows; row++) {
            const number = Number(sample[row]);
            const ids = dataset.sample(number);
            const units = dataset.units(number);
            const address = { epoch: batch.epoch, sample: sample[row]!, units };
            const masked = masker.mask(ids, address);
            expect([...inputIds(row)]).toEqual([...masked.inputIds]);
            const selected = [...positions(row)];
            expect(selected).toEqual(
              [...masked.labels.keys()].filter((position) => masked.labels[position] !== -100),
            );
            expect([...labels(row)]).toEqual(selected.map((position) => ids[position]));
          }
        }
      },
      given,
    );
  });

  test('is the same resumed at any step, by the state of the batch before', async () => {
    await withLoader(2, async (loader) => {
      const seen: string[] = [];
      const states = [];
      for await (const batch of loader.batches({ steps: 40, layout: 'compact' })) {
        seen.push(Buffer.from(sampleDigests(batch.recordBatch)).toString('hex'));
        states.push(batch.next);
      }
      for (const start of [0, 16, 17, 18, 38]) {
        const stream = loader.batches({ from: states[start]!, steps: 1, layout: 'compact' });
        const { value } = await stream.next();
        expect(Buffer.from(sampleDigests(value!.recordBatch)).toString('hex')).toBe(
          seen[start + 1],
        );
        await stream.return();
      }
    });
  });

  test('shows each sample once an epoch, for any rows, batch, world and rule for the last batch', async () => {
    const cases = fc.record({
      per: fc.integer({ min: 1, max: 20 }),
      world: fc.integer({ min: 1, max: 6 }),
      last: fc.constantFrom('drop' as const, 'short' as const, 'fill' as const),
      order: fc.constantFrom('global' as const, 'sequential' as const),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ per, world, last, order }) => {
        const batch = per * world;
        const given = createPlan({ dataset, strategy, seed: 1n, batch, last, order });
        await withLoader(
          0,
          async (loader) => {
            const counts = new Uint8Array(dataset.rows);
            for (let rank = 0; rank < world; rank++) {
              const steps = loader.stepsPerEpoch;
              for await (const slice of loader.batches({ steps, rank, world })) {
                for (const sample of readDense(slice.recordBatch).sample) counts[Number(sample)]!++;
              }
            }
            const total = counts.reduce((sum, count) => sum + count, 0);
            const whole = Math.floor(dataset.rows / batch) * batch;
            if (last === 'drop') {
              expect(Math.max(...counts)).toBe(1);
              expect(total).toBe(whole);
            } else if (last === 'short') expect(counts.every((count) => count === 1)).toBe(true);
            else {
              expect(Math.min(...counts)).toBe(1);
              expect(total).toBe(loader.stepsPerEpoch * batch);
            }
          },
          given,
        );
      }),
      { numRuns: 40 },
    );
  });

  test('in static mode repeats its masks, in dynamic mode never', async () => {
    const labelsOf = (given: Plan) =>
      withLoader(
        1,
        async (loader) => {
          const bySample = new Map<string, Set<string>>();
          const steps = 4 * loader.stepsPerEpoch;
          for await (const { recordBatch } of loader.batches({ steps, layout: 'compact' })) {
            const { rows, sample, positions } = readCompact(recordBatch);
            for (let row = 0; row < rows; row++) {
              const key = String(sample[row]);
              if (dataset.length(Number(key)) < 30) continue;
              const known = bySample.get(key) ?? new Set();
              bySample.set(key, known.add([...positions(row)].join()));
            }
          }
          return [...bySample.values()].map((masks) => masks.size);
        },
        given,
      );
    const options = { dataset, strategy, seed: 9n, batch: 12, last: 'short' } as const;
    const fixed = await labelsOf(createPlan({ ...options, mode: 'static', copies: 2 }));
    const dynamic = await labelsOf(createPlan(options));
    expect(Math.max(...fixed)).toBe(2);
    expect(dynamic.filter((masks) => masks === 4).length).toBeGreaterThan(dynamic.length * 0.9);
  });
});

describe('batches()', () => {
  test('makes an Arrow IPC stream of its messages', async () => {
    await withLoader(1, async (loader) => {
      const layout = { type: 'dense', pad: 'dataset' } as const;
      const parts = [schemaMessage(loader.schema(layout))];
      let rows = 0;
      for await (const batch of loader.batches({ steps: 17, layout })) {
        parts.push(Uint8Array.from(batch.message));
        rows += batch.rows;
      }
      parts.push(endOfStream);
      const table = tableFromIPC(Buffer.concat(parts));
      expect(table.numRows).toBe(rows);
      expect(new Set(table.getChild('sample')!.toArray()).size).toBe(203);
    });
  });

  test('keeps to the ring: a consumer that stops asking stops the workers', async () => {
    const computed = new Int32Array(new SharedArrayBuffer(4));
    const module = new URL('./testing/count.js', import.meta.url).href;
    const faults = { module, data: computed };
    await using loader = await createLoader({ plan, dataset, workers: 2, faults });
    const stream = loader.batches({ prefetch: 2 });
    const { value: first } = await stream.next();
    const before = Uint8Array.from(first!.message);
    for (let consumed = 1; consumed <= 4; consumed++) {
      await expect.poll(() => computed[0]).toBe(consumed + 2);
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(computed[0]).toBe(consumed + 2);
      if (consumed === 1) expect(Uint8Array.from(first!.message)).toEqual(before);
      await stream.next();
    }
    await stream.return();
  });

  test('pads dense rows with the pad id, label -100 and attention 0', async () => {
    await withLoader(0, async (loader) => {
      const batch = await loader.batch({ epoch: 0, step: 0 });
      const { rows, width, sample, inputIds, labels, attentionMask } = readDense(batch.recordBatch);
      const lengths = Array.from(sample, (id) => dataset.length(Number(id)));
      expect(width).toBe(Math.max(...lengths));
      for (let row = 0; row < rows; row++) {
        for (let position = 0; position < width; position++) {
          const at = row * width + position;
          const padded = position >= lengths[row]!;
          expect(attentionMask[at]).toBe(padded ? 0 : 1);
          if (padded) expect([inputIds[at], labels[at]]).toEqual([vocab.padId, -100]);
        }
      }
      const multiple = await loader.batch({
        epoch: 0,
        step: 0,
        layout: { type: 'dense', multiple: 16 },
      });
      expect(readDense(multiple.recordBatch).width % 16).toBe(0);
    });
  });

  test('ranks of a short last batch may get no rows, and all take equal steps', async () => {
    const small = createPlan({ dataset, strategy, seed: 0, batch: 200, last: 'short' });
    await withLoader(
      0,
      async (loader) => {
        const rows = [];
        for (let rank = 0; rank < 8; rank++) {
          rows.push((await loader.batch({ epoch: 0, step: 1, rank, world: 8 })).rows);
        }
        expect(rows).toEqual([0, 0, 1, 0, 0, 1, 0, 1]);
      },
      small,
    );
  });

  test('ends with the reason of its signal, whatever that is', async () => {
    await withLoader(1, async (loader) => {
      const controller = new AbortController();
      const read = async (signal: AbortSignal) => {
        for await (const batch of loader.batches({ signal })) {
          if (batch.step === 3) controller.abort('enough');
        }
      };
      await expect(read(controller.signal)).rejects.toBe('enough');
      await expect(read(controller.signal)).rejects.toBe('enough');
      await expect(read(AbortSignal.timeout(50))).rejects.toMatchObject({ name: 'TimeoutError' });
    });
  });
});

describe('a loader refuses', () => {
  test('a plan of another dataset, naming both', async () => {
    const other = await makeDataset(100);
    await expect(createLoader({ plan, dataset: other })).rejects.toThrow(
      new RegExp(
        `The plan names dataset ${dataset.digest} of 203 rows, .* is ${other.digest} of 100 rows`,
      ),
    );
  });

  test('a plan whose strategy needs a column that the dataset has not', async () => {
    const without = { ...dataset, manifest: { ...dataset.manifest, columns: [] } };
    const refusal = (strategy: Strategy, message: RegExp) => {
      const given = createPlan({ dataset, strategy, seed: 1n, batch: 12 });
      return expect(createLoader({ plan: given, dataset: without })).rejects.toThrow(message);
    };
    await refusal(sentenceOrder(albert()), /no column "segment": encode the text in pairs/);
    await refusal(albert({ unit: 'column' }), /no column "units": encode the text with it/);
    await refusal(sentenceOrder(albert({ unit: 'column' })), /no column "segment"/);
    const unigram = tokenMasking({ rate: 0.2, randomWords: unigramWords });
    await refusal(unigram, /unigram distribution, but .* has no counts: encode the text with them/);
  });

  test('addresses that are not in the plan', async () => {
    await withLoader(0, async (loader) => {
      const batch = (address: object) => loader.batch({ epoch: 0, step: 0, ...address });
      await expect(batch({ step: 17 })).rejects.toThrow(
        /^step is 17, expected an integer from 0 to 16/,
      );
      await expect(batch({ epoch: -1 })).rejects.toThrow(/^epoch is -1/);
      await expect(batch({ world: 5 })).rejects.toThrow(
        /^world is 5, expected a divisor of the global batch of 12 rows/,
      );
      await expect(batch({ rank: 2, world: 2 })).rejects.toThrow(/^rank is 2/);
      await expect(batch({ layout: 'wide' })).rejects.toThrow(/^layout is "wide"/);
    });
  });

  test('more workers or batches ahead than memory may hold', async () => {
    await expect(createLoader({ plan, dataset, workers: 1_000_000 })).rejects.toThrow(
      /^workers is 1000000, expected an integer from 0 to 256/,
    );
    await withLoader(0, async (loader) => {
      await expect(loader.batches({ prefetch: 1e9 }).next()).rejects.toThrow(
        /^prefetch is 1000000000, expected an integer from 0 to 1024/,
      );
    });
  });

  test('a state of another plan', async () => {
    await withLoader(0, async (loader) => {
      const state = { version: 1, plan: '0'.repeat(64), epoch: 0, step: 0 } as const;
      await expect(loader.batches({ from: state }).next()).rejects.toThrow(
        /The state is of plan 0{64}, the loader runs plan/,
      );
    });
  });
});
