/**
 * @file What a thread of Node runs: piscina awaits an export by its name, then calls it with each task. CommonJS, since
 * piscina requires it: Node 20 aborts the process if a thread ends while it requires an ES module.
 */
declare const exports: Record<string, unknown>;

const receive = import('./thread-compute.js').then((module) => module.receive);

exports['run'] = receive;

/** Answers once `run` would. */
exports['ready'] = async (): Promise<void> => {
  await receive;
};
