import { readFile } from 'node:fs/promises';
import { type Plan, parsePlan } from '@maskloom/loader';

/** Reads a plan. */
export async function readPlan(path: string): Promise<Plan> {
  return parsePlan(await readFile(path, 'utf8'));
}
