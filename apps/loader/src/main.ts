import { Command, CommanderError } from 'commander';
import { encodeCommand } from './commands/encode.ts';
import { planCommand } from './commands/plan/plan.ts';
import { previewCommand } from './commands/preview.ts';
import { serveCommand } from './commands/serve.ts';
import { tokenizerCommand } from './commands/tokenizer.ts';
import { verifyCommand } from './commands/verify.ts';
import { reportError } from './report-error.ts';

const program = new Command('maskloom')
  .description('masked-language-model data: text to shards, shards to masked batches')
  .option('--verbose', 'show the stack of an error');
const commands = [
  tokenizerCommand(),
  encodeCommand(),
  planCommand(),
  verifyCommand(),
  previewCommand(),
  serveCommand(),
];
for (const command of commands) program.addCommand(command);
throwInsteadOfExit(program);

const verbose = process.argv.includes('--verbose');
const words = process.argv.filter((word) => word !== '--verbose');
try {
  await program.parseAsync(words);
} catch (error) {
  // Commander has printed its own message; only its exit code is left to set.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else reportError(error, verbose);
}

function throwInsteadOfExit(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) throwInsteadOfExit(child);
}
