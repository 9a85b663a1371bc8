/**
 * Masks with every strategy, on whatever runtime this is; returns a value that two runtimes can compare.
 *
 * @param {string} coreUrl where core's index.js is
 * @returns {Promise<string>}
 */
export async function probe(coreUrl) {
  const core = await import(coreUrl);
  const continuationIds = Array.from({ length: 300 }, (_, index) => 700 + index);
  const sentinels = { first: 1199, count: 200 };
  const sentinelIds = Array.from({ length: sentinels.count }, (_, index) => 1000 + index);
  const specialIds = [0, 1, 2, 3, 4, ...sentinelIds];
  const vocab = { size: 1200, maskId: 4, padId: 0, specialIds, continuationIds };
  const strategies = [
    core.tokenMasking({ rate: 0.15 }),
    core.bert(),
    core.bertWholeWord(),
    core.roberta(),
    core.spanbert(),
    core.albert(),
    core.megatron({ lengths: 'geometric' }),
    core.electra({ maxLength: 128 }),
    core.modernbert(),
    core.t5({ sentinels, end: 3 }),
    core.ul2({ sentinels, end: 3 }),
  ];
  let hash = 2166136261;
  const mix = (/** @type {number} */ value) => {
    hash = Math.imul(hash ^ value, 16777619) >>> 0;
  };
  for (const strategy of strategies) {
    const masker = core.createMasker({ vocab, seed: 2n ** 64n - 1n, strategy });
    for (let sample = 0; sample < 50; sample++) {
      const ids = Array.from(
        { length: sample * 5 },
        (_, index) => (index * 37 + sample * 11) % 1000,
      );
      // Plain arrays go to the reference, typed ones to the kernel.
      for (const given of [ids, Uint16Array.from(ids), Int32Array.from(ids)]) {
        const { inputIds, labels } = masker.mask(given, { epoch: sample % 3, sample });
        inputIds.forEach(mix);
        labels.forEach(mix);
      }
    }
  }
  return hash.toString(16);
}
