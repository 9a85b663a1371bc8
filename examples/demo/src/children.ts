import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { DemoError } from './errors.ts';

/** Milliseconds between asking a child to end and ending it. */
const grace = 4000;

/** Where a child's output goes. */
export interface ChildOptions {
  /** Shown in messages, such as `maskloom encode`. */
  readonly name: string;
  /** Show the child's stderr (default), or keep it for the message if the child fails. */
  readonly stderr?: 'show' | 'keep';
  /** An IPC channel: a child that watches it ends when the demo does, even when the demo is killed. */
  readonly ipc?: boolean;
  readonly onStdout?: (text: string) => void;
}

/** A process that was started. */
export interface Child {
  readonly name: string;
  /** Resolves when it ended with exit code 0, else rejects with a {@linkcode DemoError}. */
  readonly ended: Promise<void>;
  /** Asks it to end, and ends it if it does not; resolves when it is gone. */
  stop(): Promise<void>;
}

/** The processes of a run: none outlives it. */
export class Children {
  readonly #running = new Set<Child>();
  readonly #signal: AbortSignal;
  readonly #onStart: (command: string) => void;

  /**
   * @param signal ends all children
   * @param onStart is told each command line
   */
  constructor(signal: AbortSignal, onStart: (command: string) => void) {
    this.#signal = signal;
    this.#onStart = onStart;
    signal.addEventListener('abort', () => void this.stop());
  }

  start(command: string, args: readonly string[], options: ChildOptions): Child {
    this.#signal.throwIfAborted();
    const { name, stderr = 'show', ipc = false, onStdout } = options;
    this.#onStart([command, ...args].join(' '));
    const child = spawn(command, args, {
      stdio: [
        'ignore',
        onStdout === undefined ? 'ignore' : 'pipe',
        stderr === 'show' ? 'inherit' : 'pipe',
        ...(ipc ? (['ipc'] as const) : []),
      ],
    });
    // Left to itself, a child outlives an exit that nobody saw coming.
    const kill = (): void => void child.kill('SIGKILL');
    process.once('exit', kill);
    const ended = endOf(child, name, onStdout).finally(() => {
      process.off('exit', kill);
      this.#running.delete(started);
    });
    // Whoever does not wait for a child must not be ended by its failure.
    ended.catch(() => {});
    const started: Child = { name, ended, stop: () => stop(child, ended) };
    this.#running.add(started);
    return started;
  }

  /** Runs a command to its end; what it wrote to stdout. */
  async run(command: string, args: readonly string[], options: ChildOptions): Promise<string> {
    let output = '';
    const onStdout = (text: string): void => {
      output += text;
    };
    await this.start(command, args, { ...options, onStdout }).ended;
    return output;
  }

  /** Ends all that still run. */
  async stop(): Promise<void> {
    await Promise.all([...this.#running].map((child) => child.stop()));
  }
}

function endOf(
  child: ChildProcess,
  name: string,
  onStdout: ((text: string) => void) | undefined,
): Promise<void> {
  let errors = '';
  child.stdout?.setEncoding('utf8').on('data', onStdout ?? (() => {}));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => {
      reject(new DemoError('CHILD', `${name} did not start: ${cause.message}`, { cause }));
    });
    child.once('close', (code, signal) => {
      if (code === 0) return resolve();
      const how = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
      reject(new DemoError('CHILD', `${name} ${how}: ${errors.trim() || why(signal, child)}`));
    });
  });
}

/** Of a child that left no message. */
function why(signal: NodeJS.Signals | null, { stderr }: ChildProcess): string {
  if (signal !== null) {
    return 'something outside the demo did that, as the system does when memory runs out; free some, and run again';
  }
  return stderr === null ? 'what it said is above' : 'it did not say why; run again with --verbose';
}

async function stop(child: ChildProcess, ended: Promise<void>): Promise<void> {
  const gone = ended.catch(() => {});
  child.kill('SIGTERM');
  const late = new AbortController();
  await Promise.race([gone, sleep(grace, undefined, { signal: late.signal }).catch(() => {})]);
  late.abort();
  child.kill('SIGKILL');
  await gone;
}
