import process from 'node:process';
import { Writable } from 'node:stream';
import { SingleBar } from 'cli-progress';
import { duration } from './duration.ts';
import { createTimeLeft, type TimeLeft } from './time-left.ts';

/** Shows how far a run is: a bar on a terminal, a line now and then elsewhere. */
export interface Progress {
  /** Tells how many steps are done, and something of the last one, such as its loss. */
  update(done: number, note: string): void;
  /** Prints a line of its own. */
  line(text: string): void;
  /** Ends it, with the last step shown. */
  stop(): void;
}

/** Progress that nobody sees. */
export const silentProgress: Progress = { update() {}, line() {}, stop() {} };

type Stream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/** Where progress is shown, and the milliseconds of the clock that it goes by. */
export interface ProgressPlace {
  readonly stream?: Stream;
  readonly now?: () => number;
}

/** Least milliseconds between two lines. */
const pause = 5000;

/**
 * Opens the progress of a run, on standard error unless told otherwise. A terminal that is closed meanwhile is no error.
 *
 * @param total steps there will be
 * @param done steps already done, in a run that is resumed
 */
export function openProgress(
  total: number,
  done = 0,
  { stream = process.stderr, now = () => performance.now() }: ProgressPlace = {},
): Progress {
  const lasting = outlasting(stream);
  return stream.isTTY ? openBar(total, done, lasting, now) : openLines(total, lasting, now);
}

/** Writes to a stream for as long as somebody is there to read it. */
function outlasting(stream: Stream): Stream {
  // Deno throws some errors, and emits others.
  stream.on('error', () => {});
  const lasting = new Writable({
    decodeStrings: false,
    write(text, _, done) {
      try {
        stream.write(text);
      } catch {}
      done();
    },
  });
  return Object.defineProperties(lasting, {
    isTTY: { get: () => stream.isTTY },
    columns: { get: () => stream.columns },
  });
}

function openLines(total: number, stream: NodeJS.WritableStream, now: () => number): Progress {
  const timeLeft = createTimeLeft(total, now);
  let printed = Number.NEGATIVE_INFINITY;
  /** What the last step would print, if it has not. */
  let held: string | undefined;
  const line = (text: string): void => {
    stream.write(`${text}\n`);
  };
  const print = (text: string): void => {
    line(text);
    printed = now();
    held = undefined;
  };
  return {
    update(done, note) {
      timeLeft.update(done);
      held = [`step ${done}/${total}`, note, left(timeLeft)]
        .filter((part) => part !== '')
        .join('  ');
      if (done === total || now() - printed >= pause) print(held);
    },
    line,
    stop() {
      if (held !== undefined) print(held);
    },
  };
}

function openBar(
  total: number,
  done: number,
  stream: NodeJS.WritableStream,
  now: () => number,
): Progress {
  const timeLeft = createTimeLeft(total, now);
  const bar = new SingleBar({
    // A narrow terminal cuts the end.
    format: 'train {bar} {value}/{total}  {left}  {note}',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 20,
    // After a line of its own the bar is drawn again.
    forceRedraw: true,
    stream,
  });
  bar.start(total, done, { note: '', left: '' });
  return {
    update(done, note) {
      timeLeft.update(done);
      bar.update(done, { note, left: left(timeLeft) });
    },
    line(text) {
      stream.write(`\r\x1b[K${text}\n`);
    },
    stop: () => bar.stop(),
  };
}

function left(timeLeft: TimeLeft): string {
  const seconds = timeLeft.seconds();
  return seconds === undefined ? '' : `${duration(seconds)} left`;
}
