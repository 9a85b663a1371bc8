import { createRequire } from 'node:module';
import { run } from './run.ts';

const trainer = createRequire(new URL('../../apps/trainer/package.json', import.meta.url));

/** The script that starts the Deno of `apps/trainer`, to be run by Node. */
export const denoScript = trainer.resolve('deno/bin.cjs');

/** Runs a TypeScript file in Deno. */
export function deno(file: string, ...words: string[]): ReturnType<typeof run> {
  const flags = ['run', '--allow-all', '--no-check', '--node-modules-dir=manual'];
  return run(process.execPath, [denoScript, ...flags, file, ...words], '.');
}
