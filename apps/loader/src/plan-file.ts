import { readFile } from 'node:fs/promises';
import { type Plan, PlanError, parsePlan } from '@maskloom/loader';

/**
 * Reads a plan.
 *
 * @throws {PlanError} naming the file, if it holds no plan.
 */
export async function readPlan(path: string): Promise<Plan> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    // Reading a folder fails without its name.
    throw Object.assign(cause, { path });
  });
  try {
    return parsePlan(text);
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new PlanError('PLAN', `${path}: ${problem}`, { cause });
  }
}
