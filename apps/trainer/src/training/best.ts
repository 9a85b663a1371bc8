/** The best evaluation so far, and how long ago it was. */
export interface BestState {
  /** Steps done; undefined before the first evaluation. */
  readonly step?: number;
  readonly loss?: number;
  /** Evaluations since that were no better. */
  readonly without: number;
}

/** Keeps the best evaluation, and says when to stop hoping for a better one. */
export class Best {
  #state: BestState;
  readonly #patience: number;

  /** @param patience evaluations without a better one after which to stop; 0 for never */
  constructor(patience: number, state: BestState = { without: 0 }) {
    this.#patience = patience;
    this.#state = state;
  }

  get state(): BestState {
    return this.#state;
  }

  /** Adds an evaluation; whether it is the best. */
  add(step: number, loss: number): boolean {
    const isBest = this.#state.loss === undefined || loss < this.#state.loss;
    this.#state = isBest
      ? { step, loss, without: 0 }
      : { ...this.#state, without: this.#state.without + 1 };
    return isBest;
  }

  get isOver(): boolean {
    return this.#patience > 0 && this.#state.without >= this.#patience;
  }
}
