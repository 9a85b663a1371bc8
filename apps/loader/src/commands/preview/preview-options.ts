/** What `maskloom preview` takes. */
export interface PreviewOptions {
  readonly plan: string;
  readonly data: readonly string[];
  readonly tokenizer: string;
  readonly sample: bigint;
  readonly step?: number;
  readonly epoch: number;
  readonly epochs: number;
  readonly mode?: 'dynamic' | 'static';
  readonly copies?: number;
  readonly memory?: number;
  readonly indexes: string;
  readonly json?: true;
}
