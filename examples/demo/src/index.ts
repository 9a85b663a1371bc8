/**
 * What other runs over real text share with the demo.
 *
 * @module
 */
export { cacheKey } from './cache-key.ts';
export { type Child, Children } from './children.ts';
export { DemoError } from './errors.ts';
export { makeOnce } from './make-once.ts';
export { Maskloom, type PlanOptions, type Sidecar } from './maskloom.ts';
export { escapeHtml } from './report/html.ts';
export { linearScale, ticks } from './report/scale.ts';
export { fetchText, type Text } from './text.ts';
export { denoPath, trainerEnds } from './trainer.ts';
