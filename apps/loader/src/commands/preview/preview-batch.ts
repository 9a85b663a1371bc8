import {
  type BatchedSample,
  batchDigest,
  createLoader,
  type Plan,
  samplesOf,
} from '@maskloom/loader';
import { Datasets } from '../../datasets.ts';
import type { PreviewOptions } from './preview-options.ts';
import { type Aligned, aligned, type Corrupted, corrupted, linesOf } from './shown-sample.ts';
import { tokenizerOf } from './tokenizer-of.ts';

/** Prints the samples of a global batch as its epoch masks them, and the batch digest. */
export async function previewBatch(
  plan: Plan,
  step: number,
  { data, memory, indexes, tokenizer: folder, epoch, json }: PreviewOptions,
): Promise<void> {
  const datasets = await new Datasets(data, memory).of(plan);
  const tokenizer = await tokenizerOf(folder, datasets[0]!);
  const { maskId } = datasets[0]!.manifest.vocab;
  await using loader = await createLoader({ plan, datasets, indexes, workers: 0 });
  const batch = await loader.batch({ epoch, step, digest: true });
  const samples = [...samplesOf(batch.recordBatch)];
  const show = (sample: BatchedSample): Aligned | Corrupted =>
    sample.labelLength === undefined
      ? aligned(sample, tokenizer, maskId)
      : corrupted(sample, tokenizer);
  const { planId } = loader;
  const digest = batchDigest(batch.digests!);
  if (json) {
    const shown = samples.map((one) => ({
      row: one.row,
      sample: String(one.sample),
      ...show(one),
    }));
    console.log(JSON.stringify({ plan: planId, epoch, step, digest, samples: shown }));
    return;
  }
  console.log(`plan ${planId}`);
  for (const one of samples) {
    console.log(linesOf(`row ${one.row} sample ${one.sample}`, show(one)));
  }
  console.log(`epoch ${epoch} step ${step} digest ${digest}`);
}
