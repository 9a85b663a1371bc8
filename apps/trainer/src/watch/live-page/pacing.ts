/** Calls something from time to time. */
export interface Pacing {
  /** Asks for a call, soon. */
  ask(): void;
  stop(): void;
}

/** Calls `act` when asked, with `least` milliseconds between two calls at least; and after `most` unasked. */
export function createPacing(act: () => void, least: number, most: number): Pacing {
  let last = Number.NEGATIVE_INFINITY;
  let isAsked = false;
  let timer = setTimeout(call, most);

  function call(): void {
    last = performance.now();
    isAsked = false;
    timer = setTimeout(call, most);
    act();
  }

  return {
    ask() {
      if (isAsked) return;
      isAsked = true;
      clearTimeout(timer);
      timer = setTimeout(call, Math.max(0, last + least - performance.now()));
    },
    stop: () => clearTimeout(timer),
  };
}
