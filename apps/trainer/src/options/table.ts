/** @file All options of a training run, by name. */
import {
  address,
  addresses,
  choice,
  flag,
  flagOrFolder,
  integer,
  number,
  path,
  seed,
} from './kinds.ts';
import { open, option } from './option.ts';
import { type SizeName, sizes } from './sizes.ts';

const sizeNames = Object.keys(sizes) as SizeName[];

/** The options. Adding one here adds it to the command line, `run.yaml` and the documentation. */
export const table = {
  url: open({
    group: 'data',
    kind: addresses,
    without: 'required',
    doc: 'address of the sidecar (`maskloom serve`), and of its replicas if there are any',
  }),
  timeout: option({
    group: 'data',
    kind: number('<seconds>', { above: 0 }),
    default: 30,
    doc: 'seconds of silence after which a sidecar counts as gone',
  }),
  'eval-url': open({
    group: 'data',
    kind: address,
    without: 'no evaluation',
    doc: 'address of a sidecar with held-out data, whose plan fixes the masks of evaluations',
  }),
  'eval-every': option({
    group: 'data',
    kind: integer('<steps>', { least: 1 }),
    default: 100,
    doc: 'steps between evaluations; there is another at the end',
  }),
  'eval-steps': option({
    group: 'data',
    kind: integer('<count>', { least: 0 }),
    default: 10,
    doc: 'batches of an evaluation, always the same ones; 0 for all of an epoch',
  }),
  patience: option({
    group: 'data',
    kind: integer('<count>', { least: 0 }),
    default: 0,
    doc: 'evaluations without a better loss after which the run stops early; 0 for never',
  }),

  architecture: option({
    group: 'model',
    kind: choice('bert', 'albert', 'electra', 'modernbert'),
    default: 'bert',
    doc: 'what the model is built like',
  }),
  size: option({
    group: 'model',
    kind: choice(...sizeNames),
    default: 'tiny',
    doc: "layers, hidden and heads at once, as Google's BERT miniatures have them",
  }),
  layers: open({
    group: 'model',
    kind: integer('<count>', { least: 1 }),
    without: "the size's",
    doc: 'layers of the encoder',
  }),
  hidden: open({
    group: 'model',
    kind: integer('<width>', { least: 1 }),
    without: "the size's",
    doc: 'width of the encoder',
  }),
  heads: open({
    group: 'model',
    kind: integer('<count>', { least: 1 }),
    without: "the size's",
    doc: 'attention heads, which divide the width',
  }),
  intermediate: open({
    group: 'model',
    kind: integer('<width>', { least: 1 }),
    without: '4 × hidden',
    doc: "width inside a layer's feed-forward part",
  }),
  embedding: open({
    group: 'model',
    kind: integer('<width>', { least: 1 }),
    without: '128, or hidden if that is smaller',
    only: ['albert', 'electra'],
    doc: 'width of the token table, which a projection widens to that of the encoder',
  }),
  norm: option({
    group: 'model',
    kind: choice('post', 'pre'),
    default: 'post',
    only: ['bert'],
    doc: 'whether layers normalise what they have added up (post) or what they read (pre)',
  }),
  dropout: open({
    group: 'model',
    kind: number('<share>', { least: 0, below: 1 }),
    without: '0.1, and 0 for albert and modernbert',
    doc: 'share of values that dropout sets to 0',
  }),
  length: option({
    group: 'model',
    kind: integer('<tokens>', { least: 0 }),
    default: 0,
    doc: "longest row that the model takes; 0 for the data's longest sample",
  }),
  'generator-size': option({
    group: 'model',
    kind: number('<share>', { above: 0, most: 1 }),
    default: 0.25,
    only: ['electra'],
    doc: "the generator's width as a share of the discriminator's",
  }),
  'discriminator-weight': option({
    group: 'model',
    kind: number('<factor>', { above: 0 }),
    default: 50,
    only: ['electra'],
    doc: "weight of the discriminator's loss beside the generator's",
  }),
  'init-from': open({
    group: 'model',
    kind: path('<folder>'),
    without: 'random values',
    doc: 'folder of a model of the same sizes to begin with: config.json and model.safetensors, or a run whose best checkpoint it is',
  }),

  steps: option({
    group: 'optimiser',
    kind: integer('<count>', { least: 1 }),
    default: 200,
    doc: 'steps to train',
  }),
  optimizer: option({
    group: 'optimiser',
    kind: choice('adamw', 'lamb'),
    default: 'adamw',
    doc: 'how a gradient becomes an update',
  }),
  lr: option({
    group: 'optimiser',
    kind: number('<rate>', { above: 0 }),
    default: 1e-3,
    doc: 'peak learning rate',
  }),
  schedule: option({
    group: 'optimiser',
    kind: choice('linear', 'cosine', 'constant'),
    default: 'linear',
    doc: 'how the learning rate goes on after its warm-up: down to 0 in one of two ways, or as it is',
  }),
  warmup: open({
    group: 'optimiser',
    kind: integer('<steps>', { least: 0 }),
    without: '40, or all steps if there are fewer',
    doc: 'steps in which the learning rate rises to its peak',
  }),
  beta1: option({
    group: 'optimiser',
    kind: number('<share>', { least: 0, below: 1 }),
    default: 0.9,
    doc: "what the gradients' moving average keeps in a step",
  }),
  beta2: option({
    group: 'optimiser',
    kind: number('<share>', { least: 0, below: 1 }),
    default: 0.98,
    doc: "what the squared gradients' moving average keeps in a step",
  }),
  epsilon: option({
    group: 'optimiser',
    kind: number('<number>', { above: 0 }),
    default: 1e-6,
    doc: 'what is added to the root of that average, to divide by',
  }),
  'weight-decay': option({
    group: 'optimiser',
    kind: number('<rate>', { least: 0 }),
    default: 0.01,
    doc: 'decoupled weight decay of all but biases and norms',
  }),
  clip: option({
    group: 'optimiser',
    kind: number('<norm>', { least: 0 }),
    default: 1,
    doc: 'largest norm of a gradient, to which longer ones are scaled down; 0 for no limit',
  }),
  accumulate: option({
    group: 'optimiser',
    kind: integer('<parts>', { least: 1 }),
    default: 1,
    doc: 'parts in which a batch is computed, to need less memory; the result is the same but for rounding',
  }),
  precision: option({
    group: 'optimiser',
    kind: choice('float32', 'float16'),
    default: 'float32',
    doc: 'numbers that the encoder computes with, on a GPU that has them; all else stays float32',
  }),
  seed: option({
    group: 'optimiser',
    kind: seed,
    default: 42n,
    doc: "seed of the initial values, dropout and ELECTRA's guesses; that of the masks is the plan's",
  }),

  device: option({
    group: 'machine',
    kind: choice('auto', 'wasm', 'webgpu'),
    default: 'auto',
    doc: 'auto is WebGPU where there is a GPU, but for one emulated in software; else Wasm',
  }),
  threads: option({
    group: 'machine',
    kind: integer('<count>', { least: 0, most: 256 }),
    default: 0,
    doc: 'threads that Wasm computes with; 0 for one a core',
  }),
  ranks: option({
    group: 'machine',
    kind: integer('<count>', { least: 1, most: 256 }),
    default: 1,
    doc: 'threads on this machine that share each batch; the result is the same but for rounding',
  }),

  out: open({
    group: 'output',
    kind: path('<folder>'),
    without: 'nothing is written but the log',
    doc: "the run's folder: log, checkpoints and TensorBoard's files",
  }),
  log: open({
    group: 'output',
    kind: path('<file>'),
    without: 'log.jsonl in out',
    doc: 'file for the log, a JSON object a line',
  }),
  'checkpoint-every': option({
    group: 'output',
    kind: integer('<steps>', { least: 0 }),
    default: 1000,
    doc: 'steps between checkpoints; there are others at the end and at the best evaluation, for 0 only those',
  }),
  keep: option({
    group: 'output',
    kind: integer('<count>', { least: 1 }),
    default: 3,
    doc: 'newest checkpoints that are kept, beside the best',
  }),
  resume: option({
    group: 'output',
    kind: flag,
    default: false,
    doc: 'go on from the newest checkpoint in out',
  }),
  tensorboard: open({
    group: 'output',
    kind: flagOrFolder,
    without: 'on if out is given',
    doc: "write TensorBoard's event files, to the folder tensorboard in out or to another",
  }),
  live: open({
    group: 'output',
    kind: integer('<port>', { least: 0, most: 65535 }),
    without: 'off',
    doc: 'port of a page on this machine that shows the run as it goes; 0 for any free one',
  }),
  tokenizer: open({
    group: 'output',
    kind: path('<folder>'),
    without: 'none is copied',
    doc: 'folder of the tokenizer, copied into checkpoints so that transformers and `fill` find it',
  }),
  verbose: option({
    group: 'output',
    kind: flag,
    default: false,
    doc: 'show the stack of an error',
  }),
} as const;

/** The name of an option, as the command line and `run.yaml` have it. */
export type OptionName = keyof typeof table;

/** All names, in the order in which they are shown. */
export const optionNames = Object.keys(table) as OptionName[];

/** Whether a text is the name of an option. */
export function isOptionName(text: string): text is OptionName {
  return Object.hasOwn(table, text);
}
