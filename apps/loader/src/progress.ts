import { SingleBar } from 'cli-progress';

/** Shows how far a job is: a bar on a terminal, nothing elsewhere. */
export interface Progress {
  update(done: number, total: number, note: string): void;
  stop(): void;
}

/** Opens a progress bar on standard error. */
export function progressBar(label: string): Progress {
  if (!process.stderr.isTTY) return { update() {}, stop() {} };
  const bar = new SingleBar({
    format: `${label} {bar} {percentage}%  {note}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 30,
    stream: process.stderr,
  });
  let started = false;
  return {
    update(done, total, note) {
      if (!started) bar.start(total, 0, { note });
      started = true;
      bar.setTotal(total);
      bar.update(Math.min(done, total), { note });
    },
    stop() {
      if (started) bar.stop();
    },
  };
}
