import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SerializedError } from 'vitest';
import type { Reporter, TestModule, TestRunEndReason, Vitest } from 'vitest/node';

/** What run.mjs adds up over the packages. */
export interface Results {
  readonly passed: number;
  /** Failed tests, suites and files that failed outside their tests, and errors nobody caught. */
  readonly failed: number;
  readonly skipped: readonly { readonly test: string; readonly reason: string }[];
}

/** Writes `.test/results.json`. Vitest's own JSON reporter leaves out the note of `context.skip(note)`. */
export class ResultsReporter implements Reporter {
  #root = '.';

  onInit(vitest: Vitest): void {
    this.#root = vitest.config.root;
  }

  onTestRunEnd(
    modules: readonly TestModule[],
    errors: readonly SerializedError[],
    reason: TestRunEndReason,
  ): void {
    // A run that was cut short has no totals; run.mjs misses the file and says so.
    if (reason === 'interrupted') return;
    const folder = join(this.#root, '.test');
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, 'results.json'),
      `${JSON.stringify(summarize(modules, errors), null, 2)}\n`,
    );
  }
}

function summarize(modules: readonly TestModule[], errors: readonly SerializedError[]): Results {
  let passed = 0;
  let failed = errors.length;
  const skipped: { test: string; reason: string }[] = [];
  for (const module of modules) {
    if (module.errors().length > 0) failed++;
    for (const suite of module.children.allSuites()) if (suite.errors().length > 0) failed++;
    for (const test of module.children.allTests()) {
      const result = test.result();
      if (result.state === 'passed') passed++;
      else if (result.state !== 'skipped')
        failed++; // failed, or pending: its worker died
      else {
        const reason = result.note ?? (test.options.mode === 'todo' ? 'to do' : '');
        skipped.push({ test: `${module.relativeModuleId} > ${test.fullName}`, reason });
      }
    }
  }
  return { passed, failed, skipped };
}
