/** A sidecar that cannot be reached, refuses a request, or serves another plan. */
export class SidecarError extends Error {
  override readonly name = 'SidecarError';
  readonly code: 'SIDECAR_GONE' | 'SIDECAR_REFUSED' | 'SIDECAR_PLAN';
  /** The replicas' addresses. */
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
