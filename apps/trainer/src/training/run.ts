import { Buffer } from 'node:buffer';
import { batchDigest, type ClientBatch, StreamDigest, sampleDigests } from '@maskloom/client';
import { TrainingError } from '../errors.ts';
import { type ModelConfig, modelConfig } from '../model/config.ts';
import { createModel } from '../model/models.ts';
import { alone, type Peers } from '../ranks/peers.ts';
import { type EndReason, type Log, type LogEventOf, silentLog } from '../watch/log.ts';
import { type Progress, silentProgress } from '../watch/progress.ts';
import { stepNote } from '../watch/step-note.ts';
import { type BatchShape, batchShape, hostBatch } from './batch.ts';
import { Best } from './best.ts';
import { connectData, type Data, needsSentenceOrder } from './data.ts';
import { evaluate } from './evaluate.ts';
import { leavesModelWell } from './leaves-model-well.ts';
import {
  type CheckpointKind,
  openRunCheckpoints,
  type Progression,
  type RunCheckpoints,
} from './run-checkpoints.ts';
import type { RunOptions } from './run-options.ts';
import { learningRate } from './schedule.ts';
import { createTrainer, type StepResult, type Trainer } from './trainer.ts';
import { untilStopped } from './until-stopped.ts';

/** What a run came to. */
export interface RunResult {
  readonly reason: EndReason;
  /** The stream digest of all that was trained on. */
  readonly digest: string;
  /** Of the steps since the run began, or was resumed. */
  readonly losses: readonly number[];
}

/** Where a run tells what it does, and what goes on around it. */
export interface RunContext {
  /** Opens what shows the run, once it is known at which step it goes on. */
  watch(step: number): Promise<{ readonly log: Log; readonly progress: Progress }>;
  /** Prints a line before that. */
  tell(line: string): void;
  readonly device: { readonly device: string; readonly reason: string };
  /** Throws what went wrong meanwhile, such as a GPU error. */
  check(): void;
  /** Stops the run after the step that it is in, with a checkpoint to go on from. */
  readonly stop?: AbortSignal;
  /** The other ranks. Default none. */
  readonly peers?: Peers;
}

/**
 * Trains a model on the batches of a sidecar. What comes from outside, such as a sidecar that is gone, ends the run with a
 * checkpoint of the steps that are done.
 *
 * @throws {SidecarError} when no replica answers any more
 * @throws {TrainingError} when the model can't be trained with the plan, or the held-out data is of another tokenizer or
 * objective; when a loss is none that can be gone on from, naming the batch; when a checkpoint can't be written or gone on from
 */
export async function run(options: RunOptions, context: RunContext): Promise<RunResult> {
  const { peers = alone } = context;
  const data = await connectData(options);
  const config = configOf(options, data);
  const trainer = createTrainer(createModel(config), { ...options, peers });
  try {
    const { planId, vocab, tokenizer } = data.train;
    const checkpoints = await openRunCheckpoints({
      ...{ options, config, planId, heldOutPlanId: data.heldOut?.planId, padId: vocab.padId },
      ...{ tokenizer, tell: context.tell },
    });
    const begin = await checkpoints.begin(trainer);
    const training = new Training(options, context, { data, trainer, checkpoints, begin });
    return await training.run();
  } finally {
    trainer.dispose();
  }
}

/** The model that the options and the data ask for. */
export function configOf(options: RunOptions, { train, longest }: Data): ModelConfig {
  const { architecture, length, hidden, embedding } = options;
  return modelConfig({
    ...options,
    embedding: embedding ?? hidden,
    vocab: train.vocab.size,
    length: length === 0 ? longest : length,
    sentenceOrder: needsSentenceOrder(train, architecture),
  });
}

/** What a training works on. */
interface TrainingParts {
  readonly data: Data;
  readonly trainer: Trainer;
  readonly checkpoints: RunCheckpoints;
  readonly begin: Progression;
}

/** A run under way. */
class Training {
  readonly #options: RunOptions;
  readonly #context: RunContext;
  readonly #peers: Peers;
  readonly #stop: AbortSignal;
  readonly #data: Data;
  readonly #trainer: Trainer;
  readonly #checkpoints: RunCheckpoints;
  readonly #shape: BatchShape;
  readonly #digest: StreamDigest;
  readonly #best: Best;
  readonly #losses: number[] = [];
  #log: Log = silentLog;
  #progress: Progress = silentProgress;
  #progression: Progression;
  #isStopped = false;

  constructor(options: RunOptions, context: RunContext, parts: TrainingParts) {
    this.#options = options;
    this.#context = context;
    this.#peers = context.peers ?? alone;
    this.#stop = context.stop ?? new AbortController().signal;
    this.#data = parts.data;
    this.#trainer = parts.trainer;
    this.#checkpoints = parts.checkpoints;
    this.#progression = parts.begin;
    this.#digest = new StreamDigest(parts.begin.digest);
    this.#best = new Best(options.patience, parts.begin.best);
    this.#shape = batchShape(parts.trainer.model.config, parts.data.train);
  }

  async run(): Promise<RunResult> {
    const began = performance.now();
    const watched = await this.#context.watch(this.#progression.step);
    this.#log = watched.log;
    this.#progress = watched.progress;
    try {
      this.#writeStart();
      this.#stop.addEventListener('abort', this.#tellOfStop);
      if (this.#progression.isEvaluationDue) await this.#evaluate();
      for await (const timed of this.#batches()) {
        await this.#train(timed);
        if (this.#progression.isEvaluationDue) await this.#evaluate();
        if (this.#best.isOver || this.#isStopped) break;
        if (this.#isCheckpointDue()) await this.#save({});
      }
      // A run that was stopped is to go on.
      await this.#save({ isLast: !this.#isStopped });
      return this.#end((performance.now() - began) / 1000);
    } catch (error) {
      if (leavesModelWell(error)) await this.#saveDespite();
      throw error;
    } finally {
      this.#stop.removeEventListener('abort', this.#tellOfStop);
      this.#progress.stop();
      this.#log.close();
    }
  }

  readonly #tellOfStop = (): void => {
    this.#progress.line('stopping after this step; the next signal ends the run at once');
  };

  #writeStart(): void {
    const { device, reason } = this.#context.device;
    const { model, size } = this.#trainer;
    const { architecture, vocab } = model.config;
    this.#log.write({
      ...{ type: 'start', device, deviceReason: reason, architecture, parameters: size, vocab },
      ...{ planId: this.#data.train.planId, seed: String(this.#options.seed) },
      ...{ step: this.#progression.step, steps: this.#options.steps },
    });
  }

  #end(seconds: number): RunResult {
    const { step } = this.#progression;
    const { steps } = this.#options;
    const digest = this.#digest.hex();
    const reason = this.#isStopped ? 'stopped' : this.#best.isOver ? 'early-stop' : 'steps';
    this.#log.write({ type: 'end', steps: step, reason, digest, seconds });
    if (reason !== 'steps') {
      const why =
        reason === 'stopped'
          ? goingOn(step)
          : `no evaluation was better than that after ${this.#best.state.step}`;
      this.#progress.line(`stopped after ${step} of ${steps} steps: ${why}`);
    }
    return { reason, digest, losses: this.#losses };
  }

  /** The batches that are left unless the run is stopped, and how long each was waited for, in seconds. */
  async *#batches(): AsyncGenerator<TimedBatch> {
    const { rank, world } = this.#peers;
    const { step, from } = this.#progression;
    const steps = this.#options.steps - step;
    if (steps <= 0 || this.#best.isOver || this.#isStopped) return;
    const which = { steps, layout: 'compact', from, rank, world, signal: this.#stop } as const;
    let left = steps;
    let asked = performance.now();
    for await (const batch of untilStopped(this.#data.train.batches(which), this.#stop)) {
      const waiting = (performance.now() - asked) / 1000;
      if (await this.#agreeToStop()) return;
      yield { batch, asked, waiting };
      left--;
      asked = performance.now();
    }
    if (left > 0) await this.#agreeToStop();
  }

  /** Whether any rank is to stop, before a step: then all do. */
  async #agreeToStop(): Promise<boolean> {
    const told = await this.#peers.gather(Uint8Array.of(Number(this.#stop.aborted)));
    this.#isStopped = told.some(([isTold]) => isTold === 1);
    return this.#isStopped;
  }

  async #train({ batch, asked, waiting }: TimedBatch): Promise<void> {
    const { step } = this.#progression;
    const { steps, lr: peak, warmup, schedule } = this.#options;
    const digests = Buffer.concat(await this.#peers.gather(sampleDigests(batch.batch)));
    this.#digest.updateDigests(digests);
    const lr = learningRate(step, { schedule, peak, warmup, steps });
    const result = await this.#trainStep(batch, digests, lr);
    this.#context.check();
    this.#losses.push(result.loss);
    this.#progression = {
      ...{ step: step + 1, from: batch.next },
      ...{ digest: this.#digest.hex(), best: this.#best.state },
      isEvaluationDue: this.#isEvaluationDue(step + 1),
    };
    const { masked, tokens } = result.counts;
    const seconds = (performance.now() - asked) / 1000;
    const { loss, losses, gradientNorm } = result;
    const event: LogEventOf<'step'> = {
      ...{ type: 'step', step, loss, ...(Object.keys(losses).length > 1 ? { losses } : {}) },
      ...{ masked, tokens, seconds, waiting, lr, gradientNorm },
    };
    this.#log.write(event);
    this.#progress.update(step + 1, stepNote(event));
  }

  #trainStep(
    { epoch, step: batchStep, batch }: ClientBatch,
    digests: Uint8Array,
    lr: number,
  ): Promise<StepResult> {
    const { step } = this.#progression;
    const where = (): string => {
      const { planId } = this.#data.train;
      return `, at step ${step}, before any update by it. The batch is epoch ${epoch}, step ${batchStep} of plan ${planId}, batch digest ${batchDigest(digests)}: \`maskloom preview --plan PLAN --data DATA --tokenizer TOKENIZER --epoch ${epoch} --step ${batchStep}\` prints it and its digest`;
    };
    return this.#explainingLoss(where, () => {
      const parts = partsOf(batch.numRows, this.#options.accumulate).map((range) =>
        hostBatch(batch, this.#shape, range),
      );
      return this.#trainer.train(parts, step, lr);
    });
  }

  /** Where something fails by what was learnt, the error says where that was and what to do. */
  async #explainingLoss<Result>(where: () => string, act: () => Promise<Result>): Promise<Result> {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof TrainingError) || error.code !== 'LOSS') throw error;
      const sound = await this.#checkpoints.lastBefore(this.#progression.step);
      const from =
        sound === undefined ? '' : `, if need be with --init-from ${sound}, the last sound one`;
      throw new TrainingError(
        'LOSS',
        `${error.message}${where()}; begin again with a lower --lr or --clip and another --out${from}`,
        { cause: error },
      );
    }
  }

  #isCheckpointDue(): boolean {
    const { checkpointEvery, steps } = this.#options;
    const { step } = this.#progression;
    // That of the last step comes anyway.
    return checkpointEvery > 0 && step % checkpointEvery === 0 && step < steps;
  }

  #isEvaluationDue(step: number): boolean {
    const { evalEvery, steps } = this.#options;
    return this.#data.heldOut !== undefined && (step % evalEvery === 0 || step === steps);
  }

  async #evaluate(): Promise<void> {
    const { heldOut } = this.#data;
    if (heldOut === undefined) return;
    const { evalSteps } = this.#options;
    const { step } = this.#progression;
    // One rank evaluates; all hear of it, or that it was stopped before it was done.
    const isFirst = this.#peers.rank === 0;
    const found = isFirst
      ? await this.#explainingLoss(
          () => `, after ${step} steps, on held-out plan ${heldOut.planId}`,
          () => evaluate(this.#trainer, heldOut, evalSteps, this.#stop),
        )
      : undefined;
    this.#context.check();
    const losses = Float64Array.from(found === undefined ? [] : [found.loss]);
    const [bytes] = await this.#peers.gather(new Uint8Array(losses.buffer));
    const [loss] = new Float64Array(bytes!.slice().buffer);
    if (loss === undefined) {
      this.#isStopped = true;
      return;
    }
    const isBest = this.#best.add(step, loss);
    this.#progression = {
      ...this.#progression,
      ...{ best: this.#best.state, isEvaluationDue: false },
    };
    if (found === undefined) return;
    const { figures, ...scores } = found;
    this.#log.write({
      ...{ type: 'eval', step, ...scores, isBest },
      ...(Object.keys(figures).length > 0 ? { figures } : {}),
    });
    const right = (100 * found.accuracy).toFixed(1);
    this.#progress.line(
      `held out after ${step} steps: loss ${found.loss.toFixed(3)}, ${right} % right of ${found.masked} masked tokens`,
    );
    if (isBest) await this.#save({ isBest });
  }

  async #save(kind: CheckpointKind): Promise<void> {
    if (this.#peers.rank !== 0) return;
    const folder = await this.#explainingLoss(
      () => '',
      () => this.#checkpoints.save(this.#trainer, this.#progression, kind),
    );
    if (folder === undefined) return;
    this.#log.write({ type: 'checkpoint', step: this.#progression.step, folder });
  }

  /** Saves what was done before something failed, which is what is told. */
  async #saveDespite(): Promise<void> {
    const { step } = this.#progression;
    if (this.#peers.rank !== 0 || this.#options.out === undefined || step === 0) return;
    const isSaved = await this.#save({}).then(
      () => true,
      // What failed may be the log, after the checkpoint was written.
      (error: unknown) => error instanceof TrainingError && error.code === 'LOG',
    );
    if (isSaved) this.#progress.line(`failed after ${step} steps: ${goingOn(step)}`);
  }
}

/** How to go on with a run that ended after so many steps. */
function goingOn(step: number): string {
  return step === 0 ? 'nothing is done yet, begin again' : '--resume goes on from there';
}

interface TimedBatch {
  readonly batch: ClientBatch;
  /** When it was asked for, of `performance.now()`. */
  readonly asked: number;
  readonly waiting: number;
}

/** Rows cut into parts as even as can be, none of them empty. */
function partsOf(rows: number, parts: number): { from: number; to: number }[] {
  const count = Math.max(1, Math.min(rows, parts));
  return Array.from({ length: count }, (_, part) => ({
    from: Math.floor((part * rows) / count),
    to: Math.floor(((part + 1) * rows) / count),
  }));
}
