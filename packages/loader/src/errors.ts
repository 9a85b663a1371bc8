/** A plan or a state that is malformed, or does not fit what it is used with. */
export class PlanError extends SyntaxError {
  override readonly name = 'PlanError';
  readonly code: 'PLAN' | 'PLAN_DATASET' | 'STATE' | 'STATE_PLAN';

  constructor(code: PlanError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
