/** @file Calls back on the next turn of the event loop, once what waits now was dealt with. */
declare const MessageChannel: new () => {
  readonly port1: { onmessage: (() => void) | null };
  readonly port2: { postMessage(message: undefined): void };
};

/** Calls back on the next turn: browsers, which have no `setImmediate`, take messages in its place. */
export const nextTurn: (callback: () => void) => void =
  typeof setImmediate === 'function' ? setImmediate : byMessage();

function byMessage(): (callback: () => void) => void {
  const { port1, port2 } = new MessageChannel();
  const waiting: (() => void)[] = [];
  port1.onmessage = () => waiting.shift()?.();
  return (callback) => {
    waiting.push(callback);
    port2.postMessage(undefined);
  };
}
