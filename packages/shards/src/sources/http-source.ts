import { ShardError } from '../errors.ts';
import type { ByteSource } from './byte-source.ts';

/** Requests that bring nothing, one after the other, before a read fails. */
const attempts = 5;
const firstDelay = 100;
/** Milliseconds without a byte before a request counts as failed: all attempts take less than a pool's patience. */
const defaultPatience = 10_000;

/** What went wrong with one request. */
class RequestError extends Error {
  readonly final: boolean;
  readonly missing: boolean;

  /** @param final whether another try is of no use */
  constructor(message: string, final: boolean, missing = false) {
    super(message);
    this.final = final;
    this.missing = missing;
  }
}

/** Opens a file on a web server, HTTP or HTTPS: asks for its first byte, and so for its size. */
export async function openHttpSource(url: string, patience = defaultPatience): Promise<ByteSource> {
  let byteLength = 0;
  await persist(url, patience, new AbortController().signal, async (progress) => {
    byteLength = await sizeOf(url, progress.signal);
  });
  return new HttpSource(url, byteLength, patience);
}

/**
 * Bytes by range requests. A request that fails is tried again, from the byte where it broke off, after 0.1, 0.2,
 * 0.4 and 0.8 seconds. There is no need of ETags: whoever uses a range compares its checksum, whatever became of the
 * file in between.
 */
class HttpSource implements ByteSource {
  readonly location: string;
  readonly byteLength: number;
  readonly #patience: number;
  #closing = new AbortController();

  constructor(url: string, byteLength: number, patience: number) {
    this.location = url;
    this.byteLength = byteLength;
    this.#patience = patience;
  }

  async read(start: number, into: Uint8Array): Promise<void> {
    let done = 0;
    await persist(this.location, this.#patience, this.#closing.signal, async (progress) => {
      const body = await this.#request(start + done, start + into.length, progress.signal);
      for await (const chunk of body) {
        const part = chunk.subarray(0, into.length - done);
        into.set(part, done);
        done += part.length;
        if (part.length > 0) progress.made();
        if (part.length < chunk.length) throw new RequestError('more bytes than asked for', false);
      }
      if (done < into.length) {
        throw new RequestError(`an answer that ends ${into.length - done} bytes short`, false);
      }
    });
  }

  release(): void {}

  close(): void {
    this.#closing.abort(new RequestError('the dataset closed', true));
    this.#closing = new AbortController();
  }

  async #request(start: number, end: number, signal: AbortSignal) {
    const response = await get(this.location, start, end - 1, signal);
    const { status, body } = response;
    const whole = status === 200 && start === 0 && end === this.byteLength;
    const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '');
    const asked = status === 206 && Number(range?.[1]) === start && Number(range?.[2]) === end - 1;
    if ((whole || asked) && body !== null) return body;
    await body?.cancel();
    if (status === 200) throw new RequestError('status 200, a server without ranges', true);
    throw new RequestError(`status ${status} with range ${range?.[0] ?? 'missing'}`, false);
  }
}

async function sizeOf(url: string, signal: AbortSignal): Promise<number> {
  const response = await get(url, 0, 0, signal);
  const { headers, status } = response;
  await response.body?.cancel();
  const total = /\/(\d+)$/.exec(headers.get('content-range') ?? '')?.[1];
  const size = status === 206 ? total : headers.get('content-length');
  if (size === undefined || size === null) {
    throw new RequestError(`status ${status} that does not tell the file's size`, false);
  }
  return Number(size);
}

/** Asks for bytes `first` to `last`. */
async function get(
  url: string,
  first: number,
  last: number,
  signal: AbortSignal,
): Promise<Response> {
  const response = await fetch(url, {
    // A range of compressed bytes would be of no use.
    headers: { range: `bytes=${first}-${last}`, 'accept-encoding': 'identity' },
    signal,
  });
  const { status } = response;
  if (status === 200 || status === 206) return response;
  await response.body?.cancel();
  const passing = status >= 500 || status === 408 || status === 429;
  throw new RequestError(`status ${status}`, !passing, status === 404 || status === 410);
}

interface Progress {
  readonly signal: AbortSignal;
  /** Some bytes came: patience starts anew, and so do the attempts. */
  made(): void;
}

/** Tries a request until it succeeds, or has brought nothing so many times, or is not wanted any more. */
async function persist(
  url: string,
  patience: number,
  closing: AbortSignal,
  request: (progress: Progress) => Promise<void>,
): Promise<void> {
  for (let failed = 0; ; ) {
    const controller = new AbortController();
    const end = () => controller.abort(closing.reason);
    const giveUp = () => controller.abort(new Error(`no byte in ${patience / 1000} s`));
    closing.addEventListener('abort', end);
    let timer = setTimeout(giveUp, patience);
    const made = () => {
      failed = 0;
      clearTimeout(timer);
      timer = setTimeout(giveUp, patience);
    };
    try {
      return await request({ signal: controller.signal, made });
    } catch (thrown) {
      failed++;
      const cause: unknown = closing.aborted ? closing.reason : thrown;
      const final = cause instanceof RequestError && cause.final;
      if (final || failed === attempts) throw failure(url, cause, failed);
    } finally {
      clearTimeout(timer);
      closing.removeEventListener('abort', end);
      // Ends what is left of an answer that was given up.
      controller.abort();
    }
    await pause(firstDelay * 2 ** (failed - 1), closing);
    if (closing.aborted) throw failure(url, closing.reason, failed);
  }
}

/** Waits, or until the signal. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener('abort', end);
  });
}

function failure(url: string, cause: unknown, tries: number): ShardError {
  const missing = cause instanceof RequestError && cause.missing;
  const { message, cause: inner } = cause as Error;
  const detail = inner instanceof Error ? `${message} (${inner.message})` : message;
  const found = tries === 1 ? detail : `${detail} in ${tries} tries`;
  const code = missing ? 'SHARD_MISSING' : 'SHARD_READ';
  return new ShardError(code, url, 'an answer with the bytes asked for', found, { cause });
}
