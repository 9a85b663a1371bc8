/**
 * @file What must hold of core on every runtime: plain JavaScript, without a test runner, so that Node, Deno
 * and a browser run this same file over the same built package.
 */

/** @param {string} coreUrl @param {Record<string, any>} vectors */
export async function runCases(coreUrl, vectors) {
  const core = await import(coreUrl);
  return casesOf(core, vectors).map(({ name, skip, run }) => {
    const reason = skip?.();
    if (reason !== undefined) return { name, outcome: 'skipped', detail: reason };
    try {
      run();
      return { name, outcome: 'passed' };
    } catch (error) {
      return { name, outcome: 'failed', detail: String(error) };
    }
  });
}

/** @param {Record<string, any>} vectors */
export function caseNames(vectors) {
  return casesOf({}, vectors).map(({ name }) => name);
}

const size = 1000;
/** Ids 0 to 4 and those that the vectors' span corruption adds, 400 to 449, are special. */
const vocab = {
  size,
  maskId: 4,
  padId: 0,
  specialIds: [0, 1, 2, 3, 4, ...Array.from({ length: 50 }, (_, index) => 400 + index)],
  continuationIds: Array.from({ length: 300 }, (_, index) => 700 + index),
  counts: Array.from({ length: size }, (_, id) => id % 11),
};

/** @param {number} id */
const isAdded = (id) => id >= 400 && id < 450;
/** @param {number} id */
const isSpecial = (id) => id <= 4 || isAdded(id);

/** @param {number} number a sample of some length, with special tokens in it, but for those that are added */
function sampleOf(number) {
  const length = 3 + ((number * 29) % 120);
  const ids = Array.from({ length }, (_, index) => (index * index * 37 + number * 11) % size).map(
    (id) => (isAdded(id) ? id + 50 : id),
  );
  const units = ids.map((id) => id % 2);
  return { ids, units, segment: 2 + (number % (length - 2)) };
}

/** @param {any} core @param {Record<string, any>} vectors @returns {import('./core.case.js').Case[]} */
function casesOf(core, vectors) {
  const strategies = () =>
    Object.values(vectors).map(({ strategy }) => core.strategyFromPlan(strategy));
  const seeds = [0n, 1n, 2n ** 32n, 2n ** 53n, 2n ** 64n - 1n];

  return [
    {
      name: "Philox gives Random123's and C++26's known answers",
      run() {
        const block = new Uint32Array(4);
        core.philox4x32(block, 0, 0, 0, 0, 0, 0);
        equal([...block], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
        core.philox4x32(block, 2499, 0, 0, 0, 20111115, 0);
        equal(block[3], 1955073260);
      },
    },
    ...Object.entries(vectors).map(([name, file]) => ({
      name: `the golden vectors of ${name} are reproduced`,
      run() {
        const strategy = core.strategyFromPlan(file.strategy);
        for (const given of file.cases) {
          const { seed, maskEpoch: epoch, sample, ids, units, segment } = given;
          const masker = core.createMasker({ vocab: file.vocab, seed: BigInt(seed), strategy });
          for (const typed of [ids, Uint16Array.from(ids), Int32Array.from(ids)]) {
            const address = { epoch, sample: BigInt(sample), units, segment };
            const masked = masker.mask(typed, address);
            const { sentenceLabel, segment: maskedSegment } = masked;
            const found = { sentenceLabel, maskedSegment, ...arraysOf(masked) };
            equal(found, {
              sentenceLabel: given.sentenceLabel,
              maskedSegment: given.maskedSegment,
              inputIds: given.inputIds,
              labels: given.labels,
            });
          }
        }
      },
    })),
    ...['bert', 'roberta', 'spanbert', 'modernbert', 'megatron'].map((name) => ({
      name: `the preset ${name} is the strategy of its vectors`,
      run() {
        const sorted = (/** @type {object} */ plan) =>
          JSON.stringify(plan, (_, value) =>
            value === null || typeof value !== 'object' || Array.isArray(value)
              ? value
              : Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))),
          );
        equal(sorted(core[name]().plan), sorted(vectors[name].strategy));
      },
    })),
    {
      name: 'special tokens are never touched nor drawn, and labels restore the original',
      run() {
        for (const strategy of strategies()) {
          for (const seed of seeds) {
            const masker = core.createMasker({ vocab, seed, strategy });
            for (let number = 0; number < 20; number++) {
              const { ids, ...columns } = sampleOf(number);
              const masked = masker.mask(ids, { epoch: number, sample: seed, ...columns });
              if (strategy.plan.type === 'span-corruption') {
                const { hidden, restored } = restore(masked, strategy.plan);
                equal([hidden.some(isSpecial), restored], [false, ids]);
                continue;
              }
              const ordered =
                masked.sentenceLabel === 1
                  ? [ids[0], ...ids.slice(columns.segment), ...ids.slice(1, columns.segment)]
                  : ids;
              ordered.forEach((id, position) => {
                const [input, label] = [masked.inputIds[position], masked.labels[position]];
                if (isSpecial(id)) equal([input, label], [id, -100]);
                equal(label === -100 ? input : label, id);
                if (input !== id && input !== vocab.maskId) equal(isSpecial(input), false);
              });
            }
          }
        }
      },
    },
    {
      name: 'a mask is the same whatever was masked before, and another in the next epoch',
      run() {
        for (const strategy of strategies()) {
          const used = core.createMasker({ vocab, seed: 7, strategy });
          for (let number = 0; number < 20; number++) {
            const { ids, ...columns } = sampleOf(number);
            const fresh = core.createMasker({ vocab, seed: 7n, strategy });
            const address = { epoch: 3, sample: number, ...columns };
            const found = arraysOf(used.mask(ids, address));
            equal(found, arraysOf(fresh.mask(ids, address)));
            const long = ids.filter((id) => !isSpecial(id)).length > 90;
            if (!long) continue;
            // Several of UL2's denoisers hide the end, which two epochs may have by chance.
            const epochs = strategy.plan.denoisers?.length > 1 ? [4, 5, 6, 7] : [4];
            const later = epochs.map((epoch) => arraysOf(used.mask(ids, { ...address, epoch })));
            equal(
              later.some((next) => JSON.stringify(next) !== JSON.stringify(found)),
              true,
            );
          }
        }
      },
    },
    {
      name: 'static copy j is dynamic epoch j',
      run() {
        const { ids, ...columns } = sampleOf(5);
        for (const strategy of strategies()) {
          const dynamic = core.createMasker({ vocab, seed: 9n, strategy });
          const mode = { mode: 'static', copies: 3 };
          const fixed = core.createMasker({ vocab, seed: 9n, strategy, ...mode });
          for (let epoch = 0; epoch < 7; epoch++) {
            const address = { sample: 2n ** 40n, ...columns };
            equal(
              arraysOf(fixed.mask(ids, { epoch, ...address })),
              arraysOf(dynamic.mask(ids, { epoch: epoch % 3, ...address })),
            );
          }
        }
      },
    },
    {
      name: 'the WebAssembly kernel gives the bytes of the reference',
      skip: () =>
        hasSimd()
          ? undefined
          : 'this runtime has no WebAssembly SIMD: the reference takes the place of the kernel',
      run() {
        let accelerated = 0;
        for (const strategy of strategies()) {
          if (strategy.accelerate === undefined) continue;
          accelerated++;
          const plain = { ...strategy, accelerate: undefined };
          for (const seed of seeds) {
            const [kernel, reference] = [strategy, plain].map((given) =>
              core.createMasker({ vocab, seed, strategy: given }),
            );
            for (let number = 0; number < 30; number++) {
              const { ids, ...columns } = sampleOf(number);
              for (const typed of [Uint16Array.from(ids), Uint32Array.from(ids)]) {
                const address = { epoch: number, sample: seed, ...columns };
                equal(
                  arraysOf(kernel.mask(typed, address)),
                  arraysOf(reference.mask(typed, address)),
                );
              }
            }
          }
        }
        equal(accelerated > 0, true);
      },
    },
    {
      name: 'rate 0 selects nothing, and rate 1 every token that is not special',
      run() {
        const ids = Uint16Array.from({ length: size }, (_, id) => id);
        for (const [rate, selected] of [
          [0, 0],
          [1, size - vocab.specialIds.length],
        ]) {
          const strategy = core.tokenMasking({ rate });
          const { labels } = core
            .createMasker({ vocab, seed: 1, strategy })
            .mask(ids, { epoch: 0, sample: 0 });
          equal(labels.filter((/** @type {number} */ label) => label !== -100).length, selected);
        }
      },
    },
    ...refusals(core),
  ];
}

/** @param {any} core @returns {import('./core.case.js').Case[]} */
function refusals(core) {
  const strategy = () => core.tokenMasking({ rate: 0.15 });
  const masker = (/** @type {object} */ options = {}) =>
    core.createMasker({ vocab, seed: 0, strategy: strategy(), ...options });
  const address = { epoch: 0, sample: 0 };
  const column = () => masker({ strategy: core.bertWholeWord({ unit: 'column' }) });
  const bert = (/** @type {object} */ change) => {
    const { plan } = core.bert();
    return core.strategyFromPlan({ ...plan, selection: { ...plan.selection, ...change } });
  };
  /** @type {[string, string, unknown, () => unknown][]} */
  const cases = [
    ['a rate above 1', 'rate', 1.5, () => core.tokenMasking({ rate: 1.5 })],
    ['a rate below 0', 'rate', -0.1, () => core.spanbert({ rate: -0.1 })],
    ['shares that do not sum to 1', 'mask + random + keep', 1.1, () => core.bert({ mask: 0.9 })],
    ['a budget below 0', 'maxPredictions', -1, () => core.bert({ maxPredictions: -1 })],
    ['a budget below 0 in a plan', 'strategy.selection.most', -1, () => bert({ most: -1 })],
    ['a negative seed', 'seed', -1, () => masker({ seed: -1 })],
    ['a fractional seed', 'seed', 0.5, () => masker({ seed: 0.5 })],
    ['a seed above 2^53 as a number', 'seed', 2 ** 53, () => masker({ seed: 2 ** 53 })],
    ['a seed above 2^64-1', 'seed', 2n ** 64n, () => masker({ seed: 2n ** 64n })],
    [
      'a mask id that is not special',
      'vocab.maskId',
      9,
      () => masker({ vocab: { ...vocab, maskId: 9 } }),
    ],
    [
      'a mask id that is missing',
      'vocab.maskId',
      undefined,
      () => masker({ vocab: { ...vocab, maskId: undefined } }),
    ],
    [
      'a column of units of the wrong length',
      'units.length',
      2,
      () => column().mask([5, 6, 7], { ...address, units: [1, 1] }),
    ],
    ['a missing column of units', 'units', undefined, () => column().mask([5], address)],
    ['a negative epoch', 'epoch', -1, () => masker().mask([5], { epoch: -1, sample: 0 })],
  ];
  return [
    ...cases.map(([what, argument, actual, act]) => ({
      name: `a typed error refuses ${what}`,
      run() {
        const error = errorOf(act);
        equal(error instanceof core.ArgumentError && error instanceof RangeError, true);
        equal([error.name, error.code, error.argument], ['ArgumentError', 'ARGUMENT', argument]);
        equal(
          Object.is(error.actual, actual) || Math.abs(error.actual - Number(actual)) < 1e-9,
          true,
        );
        equal(typeof error.expected === 'string' && error.expected.length > 0, true);
        equal(error.message.startsWith(`${argument} is `), true);
      },
    })),
    {
      name: 'a typed error refuses a token id that the vocabulary does not have',
      run() {
        for (const ids of [[5, size], Uint16Array.of(5, size), Int32Array.of(5, size)]) {
          const error = errorOf(() => masker().mask(ids, address));
          equal(error instanceof core.TokenIdError && error instanceof RangeError, true);
          const { code, position, id, size: known } = error;
          equal(
            { code, position, id, known },
            { code: 'TOKEN_ID', position: 1, id: size, known: size },
          );
        }
      },
    },
  ];
}

/**
 * Puts what a target has behind each sentinel in its place in the input, without mode and end.
 *
 * @param {{ inputIds: ArrayLike<number>, labels: ArrayLike<number> }} masked
 * @param {any} plan of span corruption
 */
function restore(masked, { sentinels, denoisers, end }) {
  const { inputIds, labels } = arraysOf(masked);
  if (denoisers[0].mode !== undefined) {
    equal(
      denoisers.some((/** @type {any} */ { mode }) => mode === inputIds[0]),
      true,
    );
    inputIds.shift();
  }
  if (end !== undefined) equal(labels.pop(), end);
  /** @type {number[][]} */
  const spans = [];
  for (const id of labels) {
    if (id === sentinels.first - spans.length) spans.push([]);
    else spans[spans.length - 1].push(id);
  }
  const restored = inputIds.flatMap((id) => spans[sentinels.first - id] ?? [id]);
  return { hidden: spans.flat(), restored };
}

/** @param {{ inputIds: ArrayLike<number>, labels: ArrayLike<number> }} masked */
function arraysOf({ inputIds, labels }) {
  return { inputIds: Array.from(inputIds), labels: Array.from(labels) };
}

/** @param {unknown} found @param {unknown} expected */
function equal(found, expected) {
  const [ours, theirs] = [JSON.stringify(found), JSON.stringify(expected)];
  if (ours !== theirs) throw new Error(`Found ${ours}, expected ${theirs}`);
}

/** @param {() => unknown} act @returns {any} what it throws */
function errorOf(act) {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error('Found no error, expected one');
}

/** Whether WebAssembly has SIMD: a module of one function that makes an i8x16 of zeros. */
function hasSimd() {
  const { WebAssembly } = /** @type {any} */ (globalThis);
  const module = [
    0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253,
    15, 253, 98, 11,
  ];
  return WebAssembly?.validate(Uint8Array.from(module)) === true;
}
