import { SidecarError } from './errors.ts';

/** Tries an action on one replica after another until it succeeds. */
export type TryReplicas = <Result>(
  doing: string,
  action: (url: string) => Promise<Result>,
  signal?: AbortSignal,
) => Promise<Result>;

/**
 * Stays with a replica for as long as it answers; on a failure goes to the next, waiting longer after
 * each round, and gives up after `attempts` failures in a row.
 */
export function replicas(urls: readonly string[], attempts: number): TryReplicas {
  let current = 0;

  return async (doing, action, signal) => {
    for (let failures = 0; ; ) {
      const url = urls[current % urls.length]!;
      try {
        return await action(url);
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof SidecarError || isAbort(error)) throw error;
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
        if (failures % urls.length === 0) await pause(100 * 2 ** (failures / urls.length));
      }
    }
  };
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

/** fetch() hides what happened in nested causes. */
function reason(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause !== undefined) inner = inner.cause;
  return inner instanceof Error ? inner.message || inner.name : String(inner);
}
