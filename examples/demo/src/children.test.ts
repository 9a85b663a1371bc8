import { describe, expect, test } from 'vitest';
import { Children } from './children.ts';

const node = process.execPath;
const forever = 'setInterval(() => {}, 1000); console.log(process.pid);';

function setup() {
  const stopping = new AbortController();
  return { stopping, children: new Children(stopping.signal, () => {}) };
}

/** Starts a script that prints its process id when it runs. */
async function startScript(children: Children, script: string) {
  const { promise, resolve } = withResolver<number>();
  const child = children.start(node, ['-e', script], {
    name: 'the script',
    onStdout: (text) => resolve(Number(text)),
  });
  return { child, pid: await promise };
}

function withResolver<Value>() {
  let resolve: (value: Value) => void = () => {};
  const promise = new Promise<Value>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('Children', () => {
  test('run() gives what a command wrote', async () => {
    const { children } = setup();
    expect(await children.run(node, ['-e', 'console.log("hello")'], { name: 'x' })).toBe('hello\n');
  });

  test('run() says how a command failed', async () => {
    const { children } = setup();
    const script = 'console.error("no such shard"); process.exit(3)';
    const failing = children.run(node, ['-e', script], { name: 'maskloom x', stderr: 'keep' });
    await expect(failing).rejects.toThrow('maskloom x ended with exit code 3: no such shard');
    const missing = children.run('no-such-command', [], { name: 'y' });
    await expect(missing).rejects.toThrow('y did not start');
  });

  test('run() says that a child ended by a signal was ended from outside, and what to do', async () => {
    const { children } = setup();
    const dying = children.run(node, ['-e', 'process.kill(process.pid, "SIGKILL")'], { name: 'z' });
    await expect(dying).rejects.toThrow(
      /^z was ended by SIGKILL: something outside the demo did that.*; free some, and run again$/,
    );
  });

  test('an abort ends every child, and no other is started', async () => {
    const { children, stopping } = setup();
    const started = await Promise.all([1, 2].map(() => startScript(children, forever)));
    stopping.abort();
    await children.stop();
    for (const { child, pid } of started) {
      await expect(child.ended).rejects.toThrow('was ended by SIGTERM');
      expect(isAlive(pid)).toBe(false);
    }
    expect(() => children.start(node, ['-e', ''], { name: 'late' })).toThrow();
  });

  test('stop() ends a child that does not listen', async () => {
    const { children } = setup();
    const { child, pid } = await startScript(
      children,
      `process.on('SIGTERM', () => {}); ${forever}`,
    );
    await child.stop();
    await expect(child.ended).rejects.toThrow('was ended by SIGKILL');
    expect(isAlive(pid)).toBe(false);
  });
});
