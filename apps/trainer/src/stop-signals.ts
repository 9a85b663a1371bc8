import { constants } from 'node:os';
import process from 'node:process';

const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Milliseconds in which a signal that comes again is taken for the same one. */
const echo = 500;

/** What SIGINT (Ctrl-C), SIGTERM and SIGHUP do: they end the process at once, unless it has asked to be told first. */
export class StopSignals {
  readonly #controller = new AbortController();
  #isToldFirst = false;
  #isEcho = true;
  #exitCode = 0;

  constructor() {
    for (const name of names) process.on(name, () => this.#receive(128 + constants.signals[name]));
  }

  /** Aborted by the first signal after {@linkcode tellFirst}. */
  get told(): AbortSignal {
    return this.#controller.signal;
  }

  /** 128 and the number of the signal that was told; 0 before. */
  get exitCode(): number {
    return this.#exitCode;
  }

  /** From now on the first signal is told, and the next one ends the process. */
  tellFirst(): void {
    this.#isToldFirst = true;
  }

  #receive(exitCode: number): void {
    if (!this.#isToldFirst) process.exit(exitCode);
    if (this.told.aborted) {
      if (!this.#isEcho) process.exit(exitCode);
      return;
    }
    this.#exitCode = exitCode;
    this.#controller.abort();
    // One Ctrl-C comes from the terminal, from npx and from the command for Node.
    setTimeout(() => {
      this.#isEcho = false;
    }, echo);
  }
}
