import { ignoredLabel } from '@maskloom/core';
import { type Batch, createLoader, type Plan, readCompact, readSeq2seq } from '@maskloom/loader';
import { batchDigest } from '../../batch-digest.ts';
import { Datasets } from '../../datasets.ts';
import type { PreviewOptions } from './preview-options.ts';
import {
  type Aligned,
  aligned,
  type Corrupted,
  corrupted,
  linesOf,
  type MaskedIds,
} from './shown-sample.ts';
import { tokenizerOf } from './tokenizer-of.ts';

/** A sample of a batch; `row` is of the global batch, and has several samples where rows are packed. */
interface BatchSample extends MaskedIds {
  readonly row: number;
  readonly sample: bigint;
}

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
  const layout = loader.defaultLayout === 'dense' ? 'compact' : loader.defaultLayout;
  const batch = await loader.batch({ epoch, step, layout, digest: true });
  const samples = layout === 'compact' ? compactSamples(batch) : seq2seqSamples(batch);
  const show = (sample: BatchSample): Aligned | Corrupted =>
    layout === 'compact' ? aligned(sample, tokenizer, maskId) : corrupted(sample, tokenizer);
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

function compactSamples({ recordBatch }: Batch): BatchSample[] {
  const columns = readCompact(recordBatch);
  const samples: BatchSample[] = [];
  for (let row = 0; row < columns.rows; row++) {
    const inputIds = columns.inputIds(row);
    const labels = new Int32Array(inputIds.length).fill(ignoredLabel);
    const rowLabels = columns.labels(row);
    columns.positions(row).forEach((position, index) => {
      labels[position] = rowLabels[index]!;
    });
    const sentenceLabel = columns.sentenceLabel?.[row];
    const bounds = columns.cuSeqlens?.(row) ?? [0, inputIds.length];
    for (let index = 1; index < bounds.length; index++) {
      const range = [bounds[index - 1], bounds[index]] as const;
      samples.push({
        ...{ row, sample: columns.sample[samples.length]!, sentenceLabel },
        ...{ inputIds: inputIds.subarray(...range), labels: labels.subarray(...range) },
      });
    }
  }
  return samples;
}

function seq2seqSamples({ recordBatch }: Batch): BatchSample[] {
  const columns = readSeq2seq(recordBatch);
  const { width, targetWidth } = columns;
  return Array.from(columns.sample, (sample, row) => {
    const attention = columns.attentionMask.subarray(row * width, (row + 1) * width);
    const labels = columns.labels.subarray(row * targetWidth, (row + 1) * targetWidth);
    const inputIds = columns.inputIds.subarray(row * width, (row + 1) * width);
    return {
      ...{ row, sample },
      inputIds: inputIds.filter((_, position) => attention[position] === 1),
      labels: labels.filter((label) => label !== ignoredLabel),
    };
  });
}
