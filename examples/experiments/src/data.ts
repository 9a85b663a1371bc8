import { join } from 'node:path';
import { type Children, cacheKey, fetchText, type Maskloom, makeOnce } from '@maskloom/demo';
import type { Setup } from './setup.ts';

/** Text, tokenised: what is trained on, and what is held out. */
export interface Data {
  readonly title: string;
  /** The npm package that the text is from, with its version. */
  readonly package: string;
  readonly train: string;
  readonly heldOut: string;
  /** Plan of the held-out data: 15 % of tokens, the same for every arm and seed. */
  readonly evalPlan: string;
  /** Names all that the data was made from. */
  readonly key: string;
}

/** Makes the data of the studies, or finds it in `.cache`. */
export async function prepareData(
  children: Children,
  maskloom: Maskloom,
  root: string,
  { batch, every, maxLength, vocabSize }: Setup,
): Promise<Data> {
  const text = await fetchText(children, 'sotu', join(root, '.cache'));
  const code = ['packages/core', 'packages/shards', 'packages/text', 'packages/loader'].map(
    (folder) => join(root, folder, 'dist'),
  );
  const parts = [text.key, vocabSize, maxLength, every, batch].map(String);
  const key = await cacheKey(parts, code);
  const folder = join(root, '.cache/experiments', `data-${key}`);
  await makeOnce(folder, async (temporary) => {
    const at = (name: string): string => join(temporary, name);
    await maskloom.trainTokenizer(at('tokenizer'), vocabSize, text.files);
    const size = { tokenizer: at('tokenizer'), maxLength, holdout: 0 };
    await maskloom.encode(at('train'), size, everyOf(text.files, every, 0));
    await maskloom.encode(at('held-out'), size, everyOf(text.files, every, every / 2));
    await maskloom.plan(at('held-out.json'), at('held-out'), {
      ...{ seed: '0', rate: 0.15, batch, mode: 'static' },
    });
  });
  return {
    title: text.title,
    package: text.package,
    train: join(folder, 'train'),
    heldOut: join(folder, 'held-out'),
    evalPlan: join(folder, 'held-out.json'),
    key,
  };
}

function everyOf(files: readonly string[], every: number, offset: number): string[] {
  return files.filter((_, index) => index % every === offset);
}
