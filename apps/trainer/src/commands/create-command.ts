import { Command } from 'commander';

/** A command whose errors are one line, and which throws them rather than ending the process. */
export function createCommand(name: string): Command {
  return new Command(name)
    .allowExcessArguments(false)
    .configureOutput({
      outputError(text, write) {
        const problem = text
          .trim()
          .replace(/^error: /, '')
          .replaceAll(/\s+/g, ' ');
        write(`maskloom-train: ${problem.replace(/\.$/, '')}; see \`${name} --help\`\n`);
      },
    })
    .exitOverride();
}
