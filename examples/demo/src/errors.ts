/** What the demo itself finds wrong. */
export class DemoError extends Error {
  override readonly name = 'DemoError';
  readonly code: 'OPTION' | 'TEXT' | 'CHILD' | 'OUTPUT' | 'DIGEST';

  constructor(code: DemoError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
