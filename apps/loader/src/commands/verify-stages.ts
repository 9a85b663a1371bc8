import { createLoader, createStagesLoader, StreamDigest } from '@maskloom/loader';
import { type CacheCommandOptions, cacheOf } from '../cache-options.ts';
import { Datasets } from '../datasets.ts';
import { readStages } from '../plan-file.ts';

/** What `maskloom verify --stages` takes. */
export interface VerifyStagesOptions extends CacheCommandOptions {
  readonly stages: string;
  readonly data: readonly string[];
  readonly stage?: number;
  readonly epoch?: number;
  readonly step?: number;
  readonly steps?: number;
  readonly workers: number;
  readonly ranks: number;
  readonly prefetch: number;
  readonly memory?: number;
  readonly indexes: string;
}

/** Computes the batches of a run in stages and prints the stream digest at the end of each. */
export async function verifyStages(options: VerifyStagesOptions): Promise<void> {
  const { stage = 0, workers, ranks, prefetch, indexes } = options;
  const stages = await readStages(options.stages);
  const datasets = new Datasets(options.data, options.memory);
  await using loader = createStagesLoader({
    stages,
    open: async (plan) => {
      const opened = await datasets.of(plan);
      const cache = cacheOf(options, plan);
      return createLoader({ plan, datasets: opened, workers, indexes, ...cache });
    },
  });
  const first = stages.stages[stage]?.from;
  const { epoch = first?.epoch ?? 0, step = first?.step ?? 0, steps } = options;
  const streams = Array.from({ length: ranks }, (_, rank) =>
    loader.batches({
      from: { stage, epoch, step },
      ...(steps === undefined ? {} : { steps }),
      rank,
      world: ranks,
      prefetch,
      digest: true,
    }),
  );
  const digest = new StreamDigest(loader.stagesId);
  let done = 0;
  let current: number | undefined;
  for (;;) {
    const slices = await Promise.all(streams.map((stream) => stream.next()));
    const [slice] = slices;
    if (slice!.done !== true && current === undefined) console.log(`stages ${loader.stagesId}`);
    if (current !== undefined && slice!.value?.stage !== current) {
      console.log(`stage ${current} ends at step ${done}, digest ${digest.hex()}`);
    }
    if (slice!.done === true) break;
    current = slice!.value.stage;
    digest.updateDigests(Buffer.concat(slices.map((part) => part.value!.digests!)));
    done++;
  }
  console.log(`steps ${done}`);
  console.log(`digest ${digest.hex()}`);
}
