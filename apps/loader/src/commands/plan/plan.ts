import { Command } from 'commander';
import { checkCommand } from './check.ts';
import { diffCommand } from './diff.ts';
import { explainCommand } from './explain.ts';
import { makeCommand } from './make.ts';
import { stagesCommand } from './stages.ts';

/** `maskloom plan`: makes, checks, explains and compares plans; makes one unless told otherwise. */
export function planCommand(): Command {
  return new Command('plan')
    .description('fix a stream of batches: make, check, explain and compare plans')
    .addCommand(makeCommand(), { isDefault: true })
    .addCommand(checkCommand())
    .addCommand(explainCommand())
    .addCommand(diffCommand())
    .addCommand(stagesCommand());
}
