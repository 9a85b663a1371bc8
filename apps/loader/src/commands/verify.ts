import { ArgumentError } from '@maskloom/core';
import { createLoader, StreamDigest } from '@maskloom/loader';
import { Command } from 'commander';
import { Datasets, folders } from '../datasets.ts';
import { indexesOption, integer, memory, memoryOption } from '../options.ts';
import { readPlan } from '../plan-file.ts';
import { type VerifyStagesOptions, verifyStages } from './verify-stages.ts';

interface VerifyCommandOptions extends Omit<VerifyStagesOptions, 'stages'> {
  readonly plan?: string;
  readonly stages?: string;
}

/** `maskloom verify`: prints the stream digest. */
export function verifyCommand(): Command {
  return new Command('verify')
    .description('compute batches and print the stream digest: equal digests, equal data')
    .option('--plan <file>', 'the plan')
    .option('--stages <file>', 'or the stages of a run')
    .requiredOption('--data <folder>', 'its dataset; of a mixture or stages, each one', folders)
    .option('--stage <number>', 'first stage', integer(0), 0)
    .option('--epoch <number>', 'first epoch (default: 0, or where the stage starts)', integer(0))
    .option('--step <number>', 'first step (default: 0, or where the stage starts)', integer(0))
    .option('--steps <count>', 'how many steps (default: one epoch, or all stages)', integer(1))
    .option('--workers <count>', 'worker threads', integer(0), 2)
    .option('--ranks <count>', 'read as so many ranks and put their slices together', integer(1), 1)
    .option('--prefetch <count>', 'batches computed ahead for each rank', integer(0), 4)
    .option(...memoryOption, memory)
    .option(...indexesOption)
    .action(run);
}

async function run(options: VerifyCommandOptions): Promise<void> {
  const { plan: planFile, stages } = options;
  if ((planFile === undefined) === (stages === undefined)) {
    const found = stages === undefined ? 'neither' : 'both';
    throw new ArgumentError('--plan or --stages', 'one of them', found);
  }
  if (stages !== undefined) return await verifyStages({ ...options, stages });
  const { epoch = 0, step = 0, workers, ranks, prefetch, indexes } = options;
  const plan = await readPlan(planFile!);
  const datasets = await new Datasets(options.data, options.memory).of(plan);
  await using loader = await createLoader({ plan, datasets, workers, indexes });
  const steps = options.steps ?? loader.stepsPerEpoch;
  const streams = Array.from({ length: ranks }, (_, rank) =>
    loader.batches({
      from: { epoch, step },
      steps,
      rank,
      world: ranks,
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
