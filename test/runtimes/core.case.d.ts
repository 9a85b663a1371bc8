/** One thing that must hold on every runtime. */
export interface Case {
  readonly name: string;
  /** Why a runtime that lacks something does without this case; undefined where it has it. */
  skip?(): string | undefined;
  /** Throws if it does not hold. */
  run(): void;
}

/** What became of a case. */
export interface CaseResult {
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** What did not hold, or why it was skipped. */
  readonly detail?: string;
}

/** Golden vectors by the names of their files, as JSON. */
export type VectorFiles = Readonly<Record<string, unknown>>;

/** The names of the cases, in their order. */
export function caseNames(vectors: VectorFiles): string[];

/** Runs all cases over core's `index.js` at `coreUrl`. */
export function runCases(coreUrl: string, vectors: VectorFiles): Promise<CaseResult[]>;
