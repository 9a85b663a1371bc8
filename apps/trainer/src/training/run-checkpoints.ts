import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Position } from '@maskloom/client';
import { stateFile } from '../checkpoint/checkpoint.ts';
import { checkpointFolder } from '../checkpoint/checkpoint-folder.ts';
import { openCheckpoints } from '../checkpoint/checkpoints.ts';
import { digestOf } from '../checkpoint/durable-file.ts';
import { huggingFaceConfig } from '../checkpoint/hugging-face-config.ts';
import { modelConfigOf } from '../checkpoint/model-config-of.ts';
import { type HostTensors, readSafetensors } from '../checkpoint/safetensors.ts';
import { readJson } from '../checkpoint/state-file.ts';
import { TrainingError } from '../errors.ts';
import type { ModelConfig } from '../model/config.ts';
import { stepsLogged } from '../watch/log.ts';
import type { BestState } from './best.ts';
import { checkSame } from './check-same.ts';
import { listDifferences } from './differences.ts';
import { identityOf } from './run-identity.ts';
import type { RunOptions } from './run-options.ts';
import type { Trainer } from './trainer.ts';

/** How far a run has come. */
export interface Progression {
  /** Steps done. */
  readonly step: number;
  /** Where the next batch is: the loader's state, once there was one. */
  readonly from: Position;
  /** The stream digest so far. */
  readonly digest: string;
  readonly best: BestState;
  /** Whether the evaluation after these steps is yet to be done. */
  readonly isEvaluationDue: boolean;
}

/** A run's checkpoints. */
export interface RunCheckpoints {
  /** Folder of the newest of fewer steps than so many: what came after it was trained on without trouble. */
  lastBefore(step: number): Promise<string | undefined>;
  /**
   * Where the run begins: at the newest checkpoint if it is resumed, which the trainer then takes over.
   *
   * @throws {TrainingError} if the checkpoint is of another run, or if there is a run that is not resumed
   */
  begin(trainer: Trainer): Promise<Progression>;
  /**
   * Its folder; undefined if the run has none, or this checkpoint is there.
   *
   * @throws {TrainingError} if it can't be written, or what was learnt is no finite numbers any more: then none is
   */
  save(
    trainer: Trainer,
    progression: Progression,
    kind: CheckpointKind,
  ): Promise<string | undefined>;
}

/** What a checkpoint is, beside how far the run has come. */
export interface CheckpointKind {
  /** Whether its evaluation is the best so far. */
  readonly isBest?: boolean;
  /** Whether no step will follow. */
  readonly isLast?: boolean;
}

/** What a run's checkpoints are of. */
interface Run {
  readonly options: RunOptions;
  readonly config: ModelConfig;
  readonly planId: string;
  readonly heldOutPlanId: string | undefined;
  readonly padId: number;
  /** SHA-256 of the tokenizer that the data was encoded with, if it is known. */
  readonly tokenizer: string | undefined;
  /** Hears of checkpoints that are passed over because they are damaged, and if there is none to resume. */
  readonly tell: (line: string) => void;
}

/** Opens the checkpoints of a run; without a folder there are none. */
export async function openRunCheckpoints(run: Run): Promise<RunCheckpoints> {
  const { options, config, planId, heldOutPlanId, padId, tell } = run;
  const { out, keep, resume, initFrom, tokenizer } = options;
  if (tokenizer !== undefined) await checkTokenizer(tokenizer, run.tokenizer);
  if (out !== undefined) checkNoCheckpoint(out);
  const checkpoints =
    out === undefined ? undefined : await openCheckpoints(join(out, 'checkpoints'), { keep });
  const identity = identityOf(options, config, {
    plan: planId,
    ...(heldOutPlanId === undefined ? {} : { heldOutPlan: heldOutPlanId }),
  });
  // What a run begins with needs no checkpoint.
  let lastStep = 0;

  return {
    lastBefore: async (step) => checkpoints?.lastBefore(step),
    async begin(trainer) {
      const latest = await checkpoints?.latest();
      if (latest === undefined) {
        await checkUnused(options);
        if (resume) tell(`there is no checkpoint in ${out} to resume: starting at step 0`);
        if (initFrom !== undefined) {
          const folder = await checkpointFolder(initFrom, '--init-from');
          await checkModel(folder, config);
          const { tensors } = await readSafetensors(join(folder, 'model.safetensors'));
          trainer.restore({ parameters: tensors });
        }
        return {
          ...{ step: 0, from: { epoch: 0, step: 0 }, digest: planId },
          ...{ best: { without: 0 }, isEvaluationDue: false },
        };
      }
      const { step, loader, digest, best, isEvaluationDue = false } = latest.state;
      for (const { error } of latest.passedOver) tell(`passed over: ${error.message}`);
      if (!resume) {
        throw new TrainingError(
          'CHECKPOINT',
          `${out} has a run of ${step} steps: go on with it with --resume, or choose another --out`,
        );
      }
      checkSame(latest, identity);
      trainer.restore({ parameters: latest.model, ...momentsOf(latest.optimizer) });
      lastStep = step;
      return { step, from: loader, digest, best, isEvaluationDue };
    },
    async save(trainer, progression, { isBest = false, isLast = false }) {
      const { step, from, digest, best, isEvaluationDue } = progression;
      if (checkpoints === undefined || (step === lastStep && !isBest)) return undefined;
      const { parameters, first, second } = await trainer.snapshot();
      checkFinite(parameters, step);
      const folder = await checkpoints.save({
        ...{ isBest, model: parameters, optimizer: named({ first, second }) },
        // What was evaluated has a finite loss.
        isUnproven: !isBest && !isLast,
        state: {
          ...{ version: 1, step, planId, loader: from, digest, best },
          run: { ...identity },
          ...(isEvaluationDue ? { isEvaluationDue } : {}),
        },
        config: huggingFaceConfig(config, { padId }),
        ...(tokenizer === undefined ? {} : { tokenizer }),
      });
      lastStep = step;
      return folder;
    },
  };
}

/** @throws {TrainingError} if the parameters after so many steps are not all finite numbers. */
function checkFinite(parameters: HostTensors, step: number): void {
  for (const [name, { data }] of Object.entries(parameters)) {
    const value = data.find((value) => !Number.isFinite(value));
    if (value === undefined) continue;
    throw new TrainingError(
      'LOSS',
      `${name} has a value of ${value} after ${step} steps, expected finite numbers, and no checkpoint was written`,
    );
  }
}

/**
 * What shapes do not tell, such as the number of heads, a folder's `config.json` does.
 *
 * @throws {TrainingError} if it describes another model
 */
async function checkModel(folder: string, config: ModelConfig): Promise<void> {
  const path = join(folder, 'config.json');
  const found = modelConfigOf(await readJson(path), path);
  const sizes: readonly (keyof ModelConfig)[] = [
    ...(['architecture', 'norm', 'layers', 'hidden', 'heads', 'intermediate'] as const),
    ...(['embedding', 'length', 'vocab'] as const),
  ];
  const differing = sizes.filter((name) => found[name] !== config[name]);
  if (differing.length === 0) return;
  throw new TrainingError(
    'MODEL',
    `The model in ${folder} differs in ${listDifferences(differing, found, config)}: train one like it, or give --init-from the folder of a model of the same sizes`,
  );
}

/** @throws {TrainingError} if a run's folder is a checkpoint itself */
function checkNoCheckpoint(out: string): void {
  if (!existsSync(join(out, stateFile))) return;
  throw new TrainingError(
    'CHECKPOINT',
    `${out} is a checkpoint, expected the folder of a run: give --out the folder that its checkpoints/ is in`,
  );
}

/** @throws {TrainingError} if what is there would be written over, and nobody said that it may */
async function checkUnused({ out, log, resume }: RunOptions): Promise<void> {
  const steps = log === undefined ? 0 : await stepsLogged(log);
  if (steps === 0 || resume) return;
  const found = `the log of a run of ${steps} steps`;
  throw new TrainingError(
    'CHECKPOINT',
    out === undefined
      ? `${log} is ${found}, and would be written over: give --log another file, or remove it`
      : `${out} has ${found}, and no checkpoint: begin it anew with --resume, or choose another --out`,
  );
}

/** @throws {TrainingError} if a folder does not have the tokenizer that the data was encoded with */
async function checkTokenizer(folder: string, expected: string | undefined): Promise<void> {
  const path = join(folder, 'tokenizer.json');
  const advice = 'give the folder of the tokenizer that the data was encoded with by --tokenizer';
  if (!existsSync(path)) {
    throw new TrainingError('DATA', `There is no tokenizer.json in ${folder}: ${advice}`);
  }
  const { sha256 } = await digestOf(path);
  if (expected === undefined || sha256 === expected) return;
  throw new TrainingError(
    'DATA',
    `${path} is tokenizer ${sha256}, expected ${expected}: ${advice}`,
  );
}

/** Tensors of several groups in one, `group.name`. */
function named(groups: Readonly<Record<string, HostTensors>>): HostTensors {
  return Object.fromEntries(
    Object.entries(groups).flatMap(([group, tensors]) =>
      Object.entries(tensors).map(([name, tensor]) => [`${group}.${name}`, tensor]),
    ),
  );
}

function momentsOf(optimizer: HostTensors): { first: HostTensors; second: HostTensors } {
  const group = (prefix: string): HostTensors =>
    Object.fromEntries(
      Object.entries(optimizer)
        .filter(([name]) => name.startsWith(prefix))
        .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
    );
  return { first: group('first.'), second: group('second.') };
}
