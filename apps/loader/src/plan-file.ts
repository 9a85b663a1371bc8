import { readFile } from 'node:fs/promises';
import { ArgumentError } from '@maskloom/core';
import {
  type Plan,
  PlanError,
  parsePlan,
  parseStages,
  planId,
  type Stages,
  stagesId,
} from '@maskloom/loader';

/** What is wrong in a file, and where. */
export class PlanFileError extends SyntaxError {
  override readonly name = 'PlanFileError';
  readonly code: 'ARGUMENT' | PlanError['code'];
  readonly path: string;
  /** The field, such as `strategy.select`, where one is at fault. */
  readonly field: string | undefined;
  readonly expected: string | undefined;
  readonly actual: unknown;

  constructor(path: string, cause: ArgumentError | PlanError) {
    const argument = cause instanceof ArgumentError ? cause : undefined;
    const remedy = argument === undefined || argument.remedy !== undefined ? '' : `: ${fallback}`;
    super(`${path}: ${cause.message}${remedy}`, { cause });
    this.code = cause.code;
    this.path = path;
    this.field = argument?.argument;
    this.expected = argument?.expected;
    this.actual = argument?.actual;
  }
}

const fallback = 'correct the field, or make the file again with `maskloom plan`';

/**
 * Reads a plan.
 *
 * @throws {PlanFileError} naming the file and the field, if it holds no plan.
 */
export function readPlan(path: string): Promise<Plan> {
  return read(path, parsePlan);
}

/**
 * Reads the stages of a run.
 *
 * @throws {PlanFileError} naming the file and the field, if it holds none.
 */
export function readStages(path: string): Promise<Stages> {
  return read(path, parseStages);
}

/** A plan, or the stages of a run. */
export type PlanDocument =
  | { readonly type: 'plan'; readonly plan: Plan; readonly id: string }
  | { readonly type: 'stages'; readonly stages: Stages; readonly id: string };

/** Reads a plan or the stages of a run, whichever the file holds. */
export function readDocument(path: string): Promise<PlanDocument> {
  return read(path, (text) => {
    if (!holdsStages(text)) {
      const plan = parsePlan(text);
      return { type: 'plan', plan, id: planId(plan) };
    }
    const stages = parseStages(text);
    return { type: 'stages', stages, id: stagesId(stages) };
  });
}

function holdsStages(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'stages' in value;
  } catch {
    // Whatever is wrong with it, `parsePlan` says so.
    return false;
  }
}

async function read<Value>(path: string, parse: (text: string) => Value): Promise<Value> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    // Reading a folder fails without its name.
    throw Object.assign(cause, { path });
  });
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof ArgumentError || error instanceof PlanError) {
      throw new PlanFileError(path, error);
    }
    throw error;
  }
}
