/** A plan, a state or stages that are malformed, or do not fit what they are used with. */
export class PlanError extends SyntaxError {
  override readonly name = 'PlanError';
  readonly code: 'PLAN' | 'PLAN_DATASET' | 'STATE' | 'STATE_PLAN' | 'STAGES' | 'STATE_STAGES';
  /** With `STATE_PLAN`: the fields in which the two plans differ, where the state tells. */
  readonly fields: readonly string[];

  constructor(
    code: PlanError['code'],
    message: string,
    options: ErrorOptions & { readonly fields?: readonly string[] } = {},
  ) {
    super(message, options);
    this.code = code;
    this.fields = options.fields ?? [];
  }
}
