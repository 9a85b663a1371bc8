import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { cacheCommand } from './commands/cache.ts';
import { encodeCommand } from './commands/encode.ts';
import { planCommand } from './commands/plan/plan.ts';
import { previewCommand } from './commands/preview/preview.ts';
import { serveCommand } from './commands/serve.ts';
import { tokenizerCommand } from './commands/tokenizer.ts';
import { verifyCommand } from './commands/verify.ts';
import { reportError } from './report-error.ts';

const { version } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
) as { version: string };
const program = new Command('maskloom')
  .description('masked-language-model data: text to shards, shards to masked batches')
  .version(version, '--version', 'print the version')
  .option('--verbose', 'show the stack of an error');
const commands = [
  tokenizerCommand(),
  encodeCommand(),
  planCommand(),
  verifyCommand(),
  previewCommand(),
  serveCommand(),
  cacheCommand(),
];
for (const command of commands) program.addCommand(command);
setUp(program, program.name());
let running: Command = program;
program.hook('preAction', (_, command) => {
  running = command;
});

const verbose = process.argv.includes('--verbose');
const words = process.argv.filter((word) => word !== '--verbose');
try {
  await program.parseAsync(words);
} catch (error) {
  // Commander has printed its own message; only its exit code is left to set.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else reportError(error, verbose, flagOf);
}

/** Errors of the command line in one line, like all others, and no exit in the middle of things. */
function setUp(command: Command, name: string): void {
  command.exitOverride().configureOutput({
    outputError(text, write) {
      const problem = text
        .trim()
        .replace(/^error: /, '')
        .replaceAll(/\s+/g, ' ');
      write(`maskloom: ${problem.replace(/\.$/, '')}; see \`${name} --help\`\n`);
    },
  });
  for (const child of command.commands) setUp(child, `${name} ${child.name()}`);
}

function flagOf(argument: string): string | undefined {
  return running.options.find((option) => option.attributeName() === argument)?.long;
}
