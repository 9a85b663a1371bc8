/**
 * A sidecar that cannot be reached (`SIDECAR_GONE`; where it was silent for too long, its `cause` is `SIDECAR_TIMEOUT`),
 * refuses a request, or serves another plan.
 */
export class SidecarError extends Error {
  override readonly name = 'SidecarError';
  readonly code: 'SIDECAR_GONE' | 'SIDECAR_TIMEOUT' | 'SIDECAR_REFUSED' | 'SIDECAR_PLAN';
  /** The addresses that were asked. */
  readonly urls: readonly string[];

  constructor(
    code: SidecarError['code'],
    urls: readonly string[],
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.code = code;
    this.urls = urls;
  }
}
