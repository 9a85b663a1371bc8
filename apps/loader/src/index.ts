/**
 * The sidecar as a library, to serve batches from a process of your own.
 *
 * @module
 */
export { errorLine } from './report-error.ts';
export {
  type ListenOptions,
  type ServedPlan,
  type Sidecar,
  type SidecarOptions,
  serve,
} from './sidecar/server.ts';
export { type StagesSidecarOptions, serveStages } from './sidecar/stages-server.ts';
