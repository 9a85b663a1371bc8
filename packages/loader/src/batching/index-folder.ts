/**
 * @file Indexes kept in files, each named by the SHA-256 of what it is made for: written whole or not at all, checked
 * when read, and built again where one is torn.
 */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson, createDraft, type Json } from '@maskloom/shards';
import { type IndexPlan, indexBytes, openIndex, type RowIndex } from './row-index.ts';

const digestBytes = 32;

/** The name of an index's file: all that it depends on. */
function nameOf(plan: IndexPlan): string {
  const { rows, batch, last, order, seed, dataset, digest } = plan;
  const { units: _, ...kind } = { units: undefined, ...rows };
  const parts = {
    version: 1,
    digest,
    rows: kind,
    // What these do not change is not told apart.
    ...(rows.type === 'packed' ? {} : { batch }),
    ...(rows.type === 'buckets' ? { last } : {}),
    ...(order === 'global' ? { order, seed: String(seed), dataset } : {}),
  };
  return createHash('sha256')
    .update(canonicalJson(parts as unknown as Json))
    .digest('hex');
}

/** Reads an index from a folder; builds it and writes it there if it is not there, or is torn. */
export async function keepIndex(
  folder: string,
  plan: IndexPlan,
  build: () => Promise<RowIndex>,
): Promise<RowIndex> {
  const path = join(folder, `${nameOf(plan)}.index`);
  const kept = await readIndex(path, plan);
  if (kept !== undefined) return kept;
  const index = await build();
  await writeIndex(path, index);
  return index;
}

/** The index in a file; undefined if there is none, or it is not whole. */
async function readIndex(path: string, plan: IndexPlan): Promise<RowIndex | undefined> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const size = indexBytes(plan);
    if ((await file.stat()).size !== digestBytes + size) return undefined;
    const digest = new Uint8Array(digestBytes);
    await file.read(digest, 0, digestBytes, 0);
    const shared = new SharedArrayBuffer(size);
    const bytes = new Uint8Array(shared);
    for (let end = 0; end < size; ) {
      const { bytesRead } = await file.read(bytes, end, size - end, digestBytes + end);
      if (bytesRead === 0) return undefined;
      end += bytesRead;
    }
    const found = createHash('sha256').update(bytes).digest();
    return found.equals(digest) ? openIndex(plan, shared) : undefined;
  } finally {
    await file.close();
  }
}

/** Writes an index whole, in its place: of several at once, any may win. */
async function writeIndex(path: string, { bytes }: RowIndex): Promise<void> {
  const draft = await createDraft(path, 'file');
  try {
    const file = await open(draft.path, 'wx');
    try {
      const body = new Uint8Array(bytes);
      await file.write(createHash('sha256').update(body).digest());
      for (let end = 0; end < body.length; ) {
        end += (await file.write(body, end)).bytesWritten;
      }
      await file.sync();
    } finally {
      await file.close();
    }
    draft.keep();
  } catch (error) {
    await draft.discard();
    throw error;
  }
}
