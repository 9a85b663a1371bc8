import type { Readable, Writable } from 'node:stream';
import { startChromium } from './start-chromium.ts';

/** A page that is open in headless Chromium. */
export interface Tab {
  /** The value of an expression in the page. */
  evaluate(expression: string): Promise<unknown>;
  /** Presses and releases a key, such as `Home`. */
  press(key: string): Promise<void>;
  /** Calls a method of the DevTools protocol on the page. */
  call(method: string, parameters?: object): Promise<unknown>;
  close(): Promise<void>;
}

/** Opens a page in a Chromium of its own. */
export async function openTab(chromium: string, url: string): Promise<Tab> {
  const browser = await startChromium(chromium, '--remote-debugging-pipe', 'about:blank');
  const devTools = talk(browser.child.stdio[3] as Writable, browser.child.stdio[4] as Readable);
  const { targetId } = (await devTools('Target.createTarget', { url })) as { targetId: string };
  const attach = { targetId, flatten: true };
  const { sessionId } = (await devTools('Target.attachToTarget', attach)) as { sessionId: string };
  const call: Tab['call'] = (method, parameters) => devTools(method, parameters, sessionId);
  return {
    call,
    async evaluate(expression) {
      const asked = { expression, returnByValue: true, awaitPromise: true };
      const { result, exceptionDetails } = (await call('Runtime.evaluate', asked)) as {
        result: { value?: unknown };
        exceptionDetails?: { exception?: { description?: string } };
      };
      if (exceptionDetails === undefined) return result.value;
      throw new Error(exceptionDetails.exception?.description ?? `${expression} threw`);
    },
    async press(key) {
      for (const type of ['keyDown', 'keyUp']) await call('Input.dispatchKeyEvent', { type, key });
    },
    close: () => browser.stop(),
  };
}

type Talk = (method: string, parameters?: object, sessionId?: string) => Promise<unknown>;

/** Calls methods of the DevTools protocol over two pipes: messages of JSON, a zero byte after each. */
function talk(to: Writable, from: Readable): Talk {
  const calls = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let last = 0;
  let text = '';
  from.setEncoding('utf8').on('data', (part: string) => {
    const messages = (text + part).split('\0');
    text = messages.pop()!;
    for (const message of messages) settle(JSON.parse(message));
  });
  function settle(answer: { id?: number; result?: unknown; error?: { message: string } }): void {
    const call = calls.get(answer.id ?? 0);
    calls.delete(answer.id ?? 0);
    if (answer.error === undefined) call?.resolve(answer.result);
    else call?.reject(new Error(answer.error.message));
  }
  return (method, params = {}, sessionId) =>
    new Promise((resolve, reject) => {
      const id = ++last;
      calls.set(id, { resolve, reject });
      to.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
}
