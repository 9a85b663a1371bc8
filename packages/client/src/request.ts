import { SidecarError } from './errors.ts';

/** When a request ends before it is done. */
export interface Limits {
  /** Milliseconds of silence after which the sidecar counts as gone. */
  readonly timeout: number;
  /** Ends the request with the signal's reason, at once. */
  readonly signal: AbortSignal | undefined;
}

/** A body that is read as it comes. */
export interface Stream {
  /** The bytes. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Lets go of the connection. */
  end(): void;
}

/** Asks for a page and reads it whole. */
export async function getJson(url: string, limits: Limits): Promise<unknown> {
  const watch = new Watch(url, limits);
  try {
    const read = async (): Promise<unknown> => (await get(url, watch.signal)).json();
    return await watch.wait(read());
  } finally {
    watch.end();
  }
}

/** Asks for a stream; resolves when it begins. */
export async function getStream(url: string, limits: Limits): Promise<Stream> {
  const watch = new Watch(url, limits);
  try {
    const { body } = await watch.wait(get(url, watch.signal));
    return { chunks: chunksOf(body!, watch), end: () => watch.end() };
  } catch (error) {
    watch.end();
    throw error;
  }
}

async function* chunksOf(body: ReadableStream<Uint8Array>, watch: Watch) {
  const reader = body.getReader();
  try {
    for (;;) {
      // Waited for only here: however long the consumer takes, the sidecar is not to blame.
      const { done, value } = await watch.wait(reader.read());
      if (done) return;
      yield value;
    }
  } finally {
    watch.end();
  }
}

/** Ends a request when its caller says so, or when the sidecar is silent for too long. */
class Watch {
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #url: string;
  readonly #timeout: number;

  constructor(url: string, { timeout, signal }: Limits) {
    const { signal: own } = this.#controller;
    this.signal = signal === undefined ? own : AbortSignal.any([signal, own]);
    this.#url = url;
    this.#timeout = timeout;
  }

  /** Waits for the sidecar's next sign of life; rejects with the reason at once when the request ends first. */
  wait<Result>(work: Promise<Result>): Promise<Result> {
    const { signal } = this;
    return new Promise((resolve, reject) => {
      const onAbort = (): void => reject(signal.reason);
      const timer = setTimeout(() => this.#tooLate(), this.#timeout);
      signal.addEventListener('abort', onAbort);
      if (signal.aborted) onAbort();
      work.then(resolve, reject).finally(() => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
      });
    });
  }

  end(): void {
    this.#controller.abort();
  }

  #tooLate(): void {
    const message = `${this.#url} has been silent for ${this.#timeout / 1000} s`;
    this.#controller.abort(new SidecarError('SIDECAR_TIMEOUT', [this.#url], message));
  }
}

/**
 * Refusals that pass: 408, with which a server ends a connection that nothing came through for a minute, perhaps just as
 * a request is sent (RFC 9110, 15.5.9), and a proxy's 429.
 */
const passing: readonly number[] = [408, 429];

async function get(url: string, signal: AbortSignal): Promise<Response> {
  const response = await fetch(url, { signal });
  if (response.ok) return response;
  const text = await response.text();
  // Another 4xx would be the same from every replica, every time.
  if (response.status < 500 && !passing.includes(response.status)) {
    throw new SidecarError(
      'SIDECAR_REFUSED',
      [url],
      `The sidecar refused ${url} (${response.status}): ${errorMessage(text)}`,
    );
  }
  throw new Error(`status ${response.status}: ${errorMessage(text)}`);
}

function errorMessage(body: string): string {
  try {
    return (JSON.parse(body) as { error: { message: string } }).error.message;
  } catch {
    return body.slice(0, 200).trim() || 'no reason given';
  }
}
