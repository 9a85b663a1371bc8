/** What a training run came to: a JSON file in `.cache/experiments`. */
export interface RunResult {
  readonly arm: string;
  readonly seed: string;
  readonly planId: string;
  readonly evalPlanId: string;
  readonly digest: string;
  /** Loss of each step, on what the arm hides. */
  readonly losses: readonly number[];
  readonly evaluations: readonly Evaluation[];
  /** In all, and of these waiting for batches. */
  readonly seconds: number;
  readonly waiting: number;
  readonly commit: string;
  readonly date: string;
  readonly machine: string;
}

/** How the held-out text was guessed. */
export interface Evaluation {
  /** Steps done. */
  readonly step: number;
  readonly loss: number;
  readonly accuracy: number;
}
