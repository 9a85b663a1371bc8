/** @file The keeper's thread: tells that it is open, what happened, and that it is closed. */
import { parentPort, workerData } from 'node:worker_threads';
import { Keeper, type KeeperEvent, type KeeperStart } from './keeper.ts';

/** What the thread posts. */
export type KeeperMessage = KeeperEvent | { readonly type: 'opened' } | { readonly type: 'closed' };

const port = parentPort!;
const start = workerData as KeeperStart;
const post = (message: KeeperMessage): void => port.postMessage(message);

const keeper = new Keeper(start, post);
await keeper.open();
post({ type: 'opened' });
const timer = setInterval(() => void keeper.tick(), start.interval);
port.once('message', async () => {
  clearInterval(timer);
  await keeper.close();
  // Whoever asked ends the thread: Deno's port can't be closed from here.
  post({ type: 'closed' });
});
