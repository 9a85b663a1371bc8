import type { BatchAddress } from '../global-batch.ts';

/** A batch was handed over. */
export interface BatchEvent extends Required<BatchAddress> {
  readonly type: 'batch';
  /** Rows of the slice. */
  readonly rows: number;
  /** Tokens of its samples, without padding. */
  readonly tokens: number;
  /** Tokens that were selected to be predicted. */
  readonly selected: number;
  /** Number of the worker that computed it, from 0. */
  readonly worker: number;
  /** When it began to be computed, in milliseconds since 1970. */
  readonly started: number;
  /** Milliseconds that computing it took. */
  readonly computed: number;
  /** When its consumer asked for it, in milliseconds since 1970. */
  readonly asked: number;
  /** Milliseconds that its consumer then waited. */
  readonly waited: number;
  /** Batches that come next and were computed already, up to the first that was not, and how many there is room for: how full the ring is. */
  readonly ready: number;
  readonly room: number;
}
