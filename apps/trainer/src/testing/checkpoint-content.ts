import type { CheckpointContent } from '../checkpoint/checkpoints.ts';

/** A checkpoint whose tensors tell their step. */
export function checkpointContent(
  step: number,
  { isBest = false, values = 8 } = {},
): CheckpointContent {
  const tensor = (value: number) => ({
    shape: [values],
    data: new Float32Array(values).fill(value),
  });
  const planId = 'ab'.repeat(32);
  return {
    state: {
      ...{ version: 1, step, planId, digest: '01'.repeat(32) },
      loader: { version: 2, plan: planId, epoch: 0, step },
      best: isBest ? { step, loss: 1.5, without: 0 } : { without: 1 },
      run: { lr: 1e-3, seed: '42' },
    },
    model: { weight: tensor(step), bias: tensor(-step) },
    optimizer: { 'first.weight': tensor(step / 2) },
    config: { architectures: ['BertForMaskedLM'], hidden_size: 8 },
    isBest,
  };
}
