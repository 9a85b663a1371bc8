import type { ModelConfig } from '../model/config.ts';
import type { OptimizerOptions } from './optimizers/optimizer.ts';
import type { RunOptions } from './run-options.ts';

/** All that the losses of a run depend on: what must be the same when it is resumed. JSON. */
export interface RunIdentity
  extends ModelConfig,
    OptimizerOptions,
    Pick<RunOptions, 'optimizer' | 'lr' | 'schedule' | 'warmup' | 'steps' | 'clip'> {
  readonly seed: string;
  /** Plan ids. */
  readonly plan: string;
  readonly heldOutPlan?: string;
  /** Batches of an evaluation, where there are any: losses of others are not to be compared. */
  readonly evalSteps?: number;
}

/** The identity of a run, whose model and plans are known. */
export function identityOf(
  options: RunOptions,
  config: ModelConfig,
  plans: Pick<RunIdentity, 'plan' | 'heldOutPlan'>,
): RunIdentity {
  const { optimizer, lr, schedule, warmup, steps, clip, seed } = options;
  const { beta1, beta2, epsilon, weightDecay, evalSteps } = options;
  return {
    ...config,
    ...{ optimizer, lr, schedule, warmup, steps, clip, seed: String(seed) },
    ...{ beta1, beta2, epsilon, weightDecay },
    ...plans,
    ...(plans.heldOutPlan === undefined ? {} : { evalSteps }),
  };
}
