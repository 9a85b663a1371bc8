import type { Client, State } from '@maskloom/client';
import { type Checkpoint, openCheckpoints } from '../checkpoint/checkpoints.ts';
import { huggingFaceConfig } from '../checkpoint/hugging-face-config.ts';
import { readSafetensors } from '../checkpoint/safetensors.ts';
import { TrainingError } from '../errors.ts';
import type { ModelConfig } from '../model/config.ts';
import type { BestState } from './best.ts';
import type { RunOptions } from './run-options.ts';
import type { HostParameters, Trainer } from './trainer.ts';

/** How far a run has come. */
export interface Progression {
  /** Steps done. */
  readonly step: number;
  /** The loader's state: where the next batch is. */
  readonly from: State | { readonly epoch: 0; readonly step: 0 };
  /** The stream digest so far. */
  readonly digest: string;
  readonly best: BestState;
}

/** A run's checkpoints. */
export interface RunCheckpoints {
  /** Folder of the last one. */
  readonly last: string | undefined;
  /**
   * Where the run begins: at the newest checkpoint if it is resumed, which the trainer then takes over.
   *
   * @throws {TrainingError} if the checkpoint is of another run, or there is a run already that is not resumed
   */
  begin(trainer: Trainer, client: Client): Promise<Progression>;
  /** Its folder; undefined if the run has no folder, or this checkpoint is there. */
  save(trainer: Trainer, progression: Progression, isBest: boolean): Promise<string | undefined>;
}

/** What must be the same when a run is resumed: all that its losses depend on. */
function identity(options: RunOptions, config: ModelConfig): Record<string, unknown> {
  const { optimizer, lr, schedule, warmup, steps, clip, seed } = options;
  const { beta1, beta2, epsilon, weightDecay } = options;
  return {
    ...config,
    ...{ optimizer, lr, schedule, warmup, steps, clip, seed: String(seed) },
    ...{ beta1, beta2, epsilon, weightDecay },
  };
}

/** Opens the checkpoints of a run; without a folder there are none. */
export async function openRunCheckpoints(
  options: RunOptions,
  { planId, config, padId }: { planId: string; config: ModelConfig; padId: number },
): Promise<RunCheckpoints> {
  const { out, keep, resume } = options;
  const start: Progression = {
    ...{ step: 0, from: { epoch: 0, step: 0 }, digest: planId, best: { without: 0 } },
  };
  const checkpoints = out === undefined ? undefined : await openCheckpoints(`${out}/checkpoints`, { keep });
  const own = identity(options, config);
  let last: string | undefined;
  let lastStep = -1;

  return {
    get last() {
      return last;
    },
    async begin(trainer) {
      const latest = await checkpoints?.latest();
      if (latest === undefined) {
        if (options.initFrom !== undefined) await initialise(trainer, options.initFrom);
        return start;
      }
      if (!resume) {
        throw new TrainingError(
          'CHECKPOINT',
          `${out} has a run already, of ${latest.state.step} steps: go on with it with --resume, or choose another --out`,
        );
      }
      checkSame(latest, planId, own);
      trainer.restore(snapshotOf(latest));
      last = latest.folder;
      lastStep = latest.state.step;
      const { step, loader, digest, best } = latest.state;
      return { step, from: loader, digest, best };
    },
    async save(trainer, { step, from, digest, best }, isBest) {
      if (checkpoints === undefined || (step === lastStep && !isBest)) return undefined;
      const { parameters, first, second } = await trainer.snapshot();
      last = await checkpoints.save({
        ...{ step, isBest, model: parameters, optimizer: joined(first, second) },
        state: { version: 1, step, planId, loader: from, digest, best, run: own },
        config: huggingFaceConfig(config, { padId }),
      });
      lastStep = step;
      return last;
    },
  };
}
