/** @file Streams of the web's kind: every runtime has them. */
import type { ReadableStream as WebReadableStream } from 'node:stream/web';
import { type Batch, endOfStream, schemaMessage } from './batch.ts';
import type { BatchesOptions, Loader } from './loader.ts';

declare const ReadableStream: typeof WebReadableStream;

/**
 * Batches as a `ReadableStream`, which reads nothing ahead: like in `batches()`, each is valid until the next is asked
 * for. Node's `Readable` reads ahead; for it see {@linkcode arrowStream}.
 *
 * @example
 * ```ts
 * import { tokenMasking } from '@maskloom/core';
 * import { batchStream, createLoader, createPlan } from '@maskloom/loader';
 * import { openDataset } from '@maskloom/shards';
 * const dataset = await openDataset('data/sotu');
 * const plan = createPlan({ dataset, strategy: tokenMasking({ rate: 0.15 }), seed: 42n, batch: 32 });
 * const loader = await createLoader({ plan, dataset });
 * for await (const batch of batchStream(loader, { steps: 10 })) console.log(batch.step);
 * await loader.close();
 * ```
 */
export function batchStream(
  loader: Loader,
  options: BatchesOptions = {},
): WebReadableStream<Batch> {
  return streamOf(loader.batches(options));
}

/**
 * Batches as the bytes of one Arrow IPC stream: a copy of each, so that they may be read ahead, written to a file or sent.
 * Dense layouts are padded to the dataset's longest sample, since an Arrow stream has one schema.
 *
 * @example
 * ```ts
 * import { createWriteStream } from 'node:fs';
 * import { Readable } from 'node:stream';
 * import { pipeline } from 'node:stream/promises';
 * import { tokenMasking } from '@maskloom/core';
 * import { arrowStream, createLoader, createPlan } from '@maskloom/loader';
 * import { openDataset } from '@maskloom/shards';
 * const dataset = await openDataset('data/sotu');
 * const plan = createPlan({ dataset, strategy: tokenMasking({ rate: 0.15 }), seed: 42n, batch: 32 });
 * const loader = await createLoader({ plan, dataset });
 * const bytes = Readable.fromWeb(arrowStream(loader, { steps: 10 }));
 * await pipeline(bytes, createWriteStream('batches.arrows'));
 * await loader.close();
 * ```
 */
export function arrowStream(
  loader: Loader,
  options: BatchesOptions = {},
): WebReadableStream<Uint8Array> {
  const { layout } = options;
  const sameWidth =
    layout === undefined || layout === 'dense' || layout === 'seq2seq'
      ? { type: layout ?? loader.defaultLayout, pad: 'dataset' as const }
      : typeof layout === 'object'
        ? { ...layout, pad: 'dataset' as const }
        : layout;
  return streamOf(messages(loader, { ...options, layout: sameWidth }));
}

async function* messages(
  loader: Loader,
  options: BatchesOptions,
): AsyncGenerator<Uint8Array, void, void> {
  yield schemaMessage(loader.schema(options.layout));
  for await (const { message } of loader.batches(options)) yield new Uint8Array(message);
  yield endOfStream;
}

function streamOf<Item>(items: AsyncGenerator<Item, void, void>): WebReadableStream<Item> {
  return new ReadableStream<Item>(
    {
      async pull(controller) {
        const next = await items.next();
        if (next.done === true) controller.close();
        else controller.enqueue(next.value);
      },
      async cancel() {
        await items.return();
      },
    },
    { highWaterMark: 0 },
  );
}
