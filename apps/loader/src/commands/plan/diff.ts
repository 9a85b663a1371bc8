import { type Difference, diffPlans } from '@maskloom/loader';
import { canonicalJson } from '@maskloom/shards';
import { Command } from 'commander';
import { path } from '../../options.ts';
import { type PlanDocument, readDocument } from '../../plan-file.ts';

/** `maskloom plan diff`: where two plans differ. */
export function diffCommand(): Command {
  return new Command('diff')
    .description(
      'show the fields in which two plans, or stages, differ: exit code 0 if none, 1 if some, 2 for trouble',
    )
    .argument('<left>', 'a plan, or stages', path)
    .argument('<right>', 'another', path)
    .action(run);
}

async function run(left: string, right: string): Promise<void> {
  // Until both are read and compared: as diff(1) has it.
  process.exitCode = 2;
  const differences = diffPlans(
    contentOf(await readDocument(left)),
    contentOf(await readDocument(right)),
  );
  for (const { path, ...values } of differences) {
    console.log(`${path}: ${shown(values.left)} | ${shown(values.right)}`);
  }
  process.exitCode = differences.length === 0 ? 0 : 1;
}

function contentOf(document: PlanDocument) {
  return document.type === 'plan' ? document.plan : document.stages;
}

function shown(value: Difference['left']): string {
  return value === undefined ? 'nothing' : canonicalJson(value);
}
