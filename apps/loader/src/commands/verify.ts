import { ArgumentError } from '@maskloom/core';
import {
  type Batch,
  batchDigest,
  createLoader,
  maxPrefetch,
  maxWorkers,
  type Plan,
  StreamDigest,
  stepsPerEpoch,
} from '@maskloom/loader';
import { Command, InvalidArgumentError, Option } from 'commander';
import { cacheOf, cacheOption, cacheSizeOption } from '../cache-options.ts';
import { Datasets } from '../datasets.ts';
import { runInDeno } from '../in-deno.ts';
import { loaderEvents, traceOption } from '../loader-events.ts';
import { indexesOption, integer, memory, memoryOption, path, paths } from '../options.ts';
import { readPlan } from '../plan-file.ts';
import { type VerifyStagesOptions, verifyStages } from './verify-stages.ts';

interface VerifyCommandOptions extends Omit<VerifyStagesOptions, 'stages'> {
  readonly plan?: string;
  readonly stages?: string;
  readonly epochs?: readonly [first: number, end: number];
  readonly stepDigests?: true;
  readonly runtime: 'node' | 'deno';
  readonly trace?: string;
}

/** `maskloom verify`: prints the stream digest. */
export function verifyCommand(): Command {
  return new Command('verify')
    .description('compute batches and print the stream digest: equal digests, equal data')
    .argument('[plan]', 'the plan')
    .option('--plan <file>', 'the same', path)
    .option('--stages <file>', 'or the stages of a run', path)
    .requiredOption('--data <folder>', 'its dataset; of a mixture or stages, each one', paths)
    .option('--stage <number>', 'first stage of a run in stages (default: 0)', integer(0))
    .option('--epoch <number>', 'first epoch (default: 0, or where the stage starts)', integer(0))
    .option('--step <number>', 'first step (default: 0, or where the stage starts)', integer(0))
    .option('--steps <count>', 'how many steps (default: one epoch, or all stages)', integer(1))
    .option(
      '--epochs <first..end>',
      'all steps of these epochs, such as 0..2 for epochs 0 and 1',
      epochs,
    )
    .option('--step-digests', 'print the batch digest of every step')
    .addOption(
      new Option('--runtime <name>', 'where to compute').choices(['node', 'deno']).default('node'),
    )
    .option('--workers <count>', 'worker threads', integer(0, maxWorkers), 2)
    .option('--ranks <count>', 'read as so many ranks and put their slices together', integer(1), 1)
    .option(
      '--prefetch <count>',
      'batches computed ahead for each rank',
      integer(0, maxPrefetch),
      4,
    )
    .option(...traceOption)
    .option(...memoryOption, memory)
    .option(...indexesOption)
    .option(...cacheOption)
    .option(...cacheSizeOption, memory)
    .action(run);
}

/** Reads a range of epochs, without its end. */
function epochs(text: string): [first: number, end: number] {
  const [, first, end] = /^([0-9]{1,10})\.\.([0-9]{1,10})$/.exec(text) ?? [];
  if (Number(first) < Number(end)) return [Number(first), Number(end)];
  throw new InvalidArgumentError('Expected two epochs, such as 0..2 for epochs 0 and 1.');
}

async function run(given: string | undefined, options: VerifyCommandOptions): Promise<void> {
  if (options.runtime === 'deno' && !('Deno' in globalThis)) {
    process.exitCode = await runInDeno(process.argv.slice(2));
    return;
  }
  const { stages } = options;
  const planFile = options.plan ?? given;
  if ((planFile === undefined) === (stages === undefined)) {
    const found = stages === undefined ? 'neither' : 'both';
    throw new ArgumentError('plan or --stages', 'one of them', found);
  }
  if (given !== undefined && options.plan !== undefined) {
    throw new ArgumentError('plan', 'given once', `${given} and --plan ${options.plan}`);
  }
  if (stages !== undefined) {
    for (const name of ['epochs', 'stepDigests', 'trace'] as const) {
      if (options[name] !== undefined) {
        const flag = name === 'stepDigests' ? '--step-digests' : `--${name}`;
        throw new ArgumentError(flag, 'none with --stages', String(options[name]));
      }
    }
    return await verifyStages({ ...options, stages });
  }
  if (options.stage !== undefined) {
    throw new ArgumentError('--stage', 'given with --stages only', options.stage);
  }
  const plan = await readPlan(planFile!);
  await verifyPlan(plan, options);
}

/** Where to begin, and how many steps to take. */
function rangeOf(
  plan: Plan,
  { epochs, epoch = 0, step = 0, steps }: VerifyCommandOptions,
): { epoch: number; step: number; steps: number } {
  const perEpoch = stepsPerEpoch(plan);
  if (epochs === undefined) return { epoch, step, steps: steps ?? perEpoch };
  if (epoch !== 0 || step !== 0 || steps !== undefined) {
    throw new ArgumentError('--epochs', 'none with --epoch, --step and --steps', epochs.join('..'));
  }
  const [first, end] = epochs;
  return { epoch: first, step: 0, steps: (end - first) * perEpoch };
}

async function verifyPlan(plan: Plan, options: VerifyCommandOptions): Promise<void> {
  const { workers, ranks, prefetch, indexes } = options;
  const { epoch, step, steps } = rangeOf(plan, options);
  const datasets = await new Datasets(options.data, options.memory).of(plan);
  using events = loaderEvents(options.trace);
  const { onEvent } = events;
  const making = { plan, datasets, workers, indexes, onEvent, ...cacheOf(options) };
  await using loader = await createLoader(making);
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
    const slices = (await Promise.all(streams.map((stream) => stream.next()))).map(
      ({ value }) => value!,
    );
    // Nothing is printed of what can't be read at all.
    if (done === 0) console.log(`plan ${loader.planId}`);
    const digests = Buffer.concat(slices.map((slice) => slice.digests!));
    digest.updateDigests(digests);
    const [{ epoch: at, step: of, next }] = slices as [Batch];
    if (options.stepDigests) {
      console.log(`epoch ${at} step ${of} digest ${batchDigest(digests)}`);
    }
    if (options.epochs !== undefined && next.epoch !== at) {
      console.log(`epoch ${at} ends with digest ${digest.hex()}`);
    }
  }
  await Promise.all(streams.map((stream) => stream.return()));
  const { cacheCounts } = loader;
  if (cacheCounts !== undefined) {
    // Not on standard output, where equal runs print equal lines.
    console.error(
      `${cacheCounts.computed} samples masked, ${cacheCounts.read} read from the cache`,
    );
  }
  console.log(`steps ${steps}`);
  console.log(`digest ${digest.hex()}`);
}
