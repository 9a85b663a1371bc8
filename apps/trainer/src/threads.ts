/**
 * @file How many threads Wasm computes with. jax-js takes a Web Worker for each core that it is told of, or this thread where there
 * are no workers. It asks for the cores when it is imported, and for workers with each kernel as well.
 */

/** Web Workers, also where they are hidden from jax-js. */
export const { Worker } = globalThis;

/**
 * Says how many threads Wasm computes with, for good. Has no effect once jax-js was imported.
 *
 * @param threads 0 for one a core. Results do not depend on it.
 */
export function setThreads(threads: number): void {
  if (threads === 1) Reflect.deleteProperty(globalThis, 'Worker');
  if (threads < 2) return;
  Object.defineProperty(navigator, 'hardwareConcurrency', { value: threads, configurable: true });
}
