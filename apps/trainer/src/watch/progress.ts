import { SingleBar } from 'cli-progress';

/** Shows how far a run is: a bar on a terminal, a line now and then elsewhere. */
export interface Progress {
  update(done: number, note: string): void;
  /** Prints a line of its own. */
  line(text: string): void;
  stop(): void;
}

const stepsPerLine = 10;

/** Opens the progress of `total` steps on standard error. */
export function openProgress(total: number): Progress {
  if (!process.stderr.isTTY) {
    return {
      update(done, note) {
        if (done % stepsPerLine === 0 || done === total)
          console.error(`step ${done}/${total}  ${note}`);
      },
      line: (text) => console.error(text),
      stop() {},
    };
  }
  const bar = new SingleBar({
    format: 'train {bar} {value}/{total}  {note}  {eta_formatted} left',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 30,
    stream: process.stderr,
  });
  bar.start(total, 0, { note: '' });
  return {
    update: (done, note) => bar.update(done, { note }),
    line(text) {
      process.stderr.write(`\r\x1b[K${text}\n`);
    },
    stop: () => bar.stop(),
  };
}
