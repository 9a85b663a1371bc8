import { createLoader, maxPrefetch, maxWorkers, StreamDigest } from '@maskloom/loader';
import { openDataset } from '@maskloom/shards';
import { Command } from 'commander';
import { integer, path } from '../options.ts';
import { readPlan } from '../plan-file.ts';

interface VerifyCommandOptions {
  readonly plan: string;
  readonly data: string;
  readonly epoch: number;
  readonly step: number;
  readonly steps?: number;
  readonly workers: number;
  readonly ranks: number;
  readonly prefetch: number;
}

/** `maskloom verify`: prints the stream digest. */
export function verifyCommand(): Command {
  return new Command('verify')
    .description('compute batches and print the stream digest: equal digests, equal data')
    .requiredOption('--plan <file>', 'the plan', path)
    .requiredOption('--data <folder>', 'its dataset', path)
    .option('--epoch <number>', 'first epoch', integer(0), 0)
    .option('--step <number>', 'first step', integer(0), 0)
    .option('--steps <count>', 'how many steps (default: one epoch)', integer(1))
    .option('--workers <count>', 'worker threads', integer(0, maxWorkers), 2)
    .option('--ranks <count>', 'read as so many ranks and put their slices together', integer(1), 1)
    .option(
      '--prefetch <count>',
      'batches computed ahead for each rank',
      integer(0, maxPrefetch),
      4,
    )
    .action(run);
}

async function run(options: VerifyCommandOptions): Promise<void> {
  const { epoch, step, workers, ranks, prefetch } = options;
  const plan = await readPlan(options.plan);
  const dataset = await openDataset(options.data);
  await using loader = await createLoader({ plan, dataset, workers });
  const steps = options.steps ?? loader.stepsPerEpoch;
  const streams = Array.from({ length: ranks }, (_, rank) =>
    loader.batches({
      from: { epoch, step },
      steps,
      rank,
      world: ranks,
      layout: 'compact',
      prefetch,
      digest: true,
    }),
  );
  const digest = new StreamDigest(loader.planId);
  for (let done = 0; done < steps; done++) {
    const slices = await Promise.all(streams.map((stream) => stream.next()));
    digest.updateDigests(Buffer.concat(slices.map((slice) => slice.value!.digests!)));
  }
  await Promise.all(streams.map((stream) => stream.return()));
  console.log(`plan ${loader.planId}`);
  console.log(`steps ${steps}`);
  console.log(`digest ${digest.hex()}`);
}
