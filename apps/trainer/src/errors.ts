/** A run that cannot go on. */
export class TrainingError extends Error {
  override readonly name = 'TrainingError';
  readonly code:
    | 'DEVICE'
    | 'MODEL'
    | 'GPU'
    | 'DATA'
    | 'LOSS'
    | 'LOG'
    | 'LIVE'
    | 'CHECKPOINT'
    | 'RANK';

  constructor(code: TrainingError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
