import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { python } from '../python.mjs';
import { denoPath } from '../support/deno.ts';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const print = at('../../apps/trainer/src/testing/print-gradients.ts');
const compare = at('trainer_gradients.py');

interface Differences {
  readonly losses: Readonly<Record<string, number>>;
  readonly gradients: Readonly<Record<string, number>>;
}
