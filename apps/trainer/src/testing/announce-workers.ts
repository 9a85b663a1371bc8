/** @file Says on standard error that a Web Worker starts, whoever starts it; loaded before a program (`deno run --preload`). */
const { Worker } = globalThis;

globalThis.Worker = class extends Worker {
  constructor(...words: ConstructorParameters<typeof Worker>) {
    super(...words);
    console.error('a worker starts');
  }
};
