import { SidecarError } from './errors.ts';

/** Tries an action on one replica after another until it succeeds. */
export type TryReplicas = <Result>(
  doing: string,
  action: (url: string) => Promise<Result>,
  signal?: AbortSignal,
) => Promise<Result>;

/**
 * Stays with a replica for as long as it answers; on a failure goes to the next, waiting longer after
 * each round, and gives up after `attempts` failures in a row. Ends with the signal's reason.
 */
export function replicas(urls: readonly string[], attempts: number): TryReplicas {
  let current = 0;

  return async (doing, action, signal) => {
    for (let failures = 0; ; ) {
      signal?.throwIfAborted();
      const url = urls[current % urls.length]!;
      try {
        return await action(url);
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof SidecarError && error.code !== 'SIDECAR_TIMEOUT') throw error;
        failures++;
        if (failures >= attempts) {
          throw new SidecarError(
            'SIDECAR_GONE',
            urls,
            `No sidecar answers at ${urls.join(', ')} while ${doing} (${failures} attempts, the last: ${reason(error)}): start \`maskloom serve\` again, and go on from there`,
            { cause: error },
          );
        }
        current++;
        if (failures % urls.length === 0) {
          await pause(100 * 2 ** (failures / urls.length), signal);
        }
      }
    }
  };
}

/** Waits, but no longer than until the signal. */
function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal?.addEventListener('abort', end);
  });
}

/** fetch() hides what happened in nested causes. */
function reason(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause !== undefined) inner = inner.cause;
  return inner instanceof Error ? inner.message || inner.name : String(inner);
}
