import process from 'node:process';
import { CommanderError } from 'commander';
import { errorLine } from './error-line.ts';
import { closestName } from './options/closest-name.ts';
import { OptionsError } from './options/errors.ts';
import { StopSignals } from './stop-signals.ts';

type Run = (words: readonly string[], signals: StopSignals) => Promise<void>;

/** What the command can do; a command's modules are loaded when it is asked for. */
const commands: Readonly<Record<string, () => Promise<Run>>> = {
  train: async () => (await import('./commands/train.ts')).train,
  config: async () => (await import('./commands/config.ts')).config,
  export: async () => (await import('./commands/export.ts')).exportCommand,
  fill: async () => (await import('./commands/fill.ts')).fill,
};

const signals = new StopSignals();

try {
  await main(process.argv.slice(2));
} catch (error) {
  // Commander has printed its own message.
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 2);
  console.error(`maskloom-train: ${errorLine(error)}`);
  process.exit(error instanceof OptionsError ? 2 : 1);
}
// The GPU and sockets kept open for reuse would keep the process alive.
process.exit();

async function main(words: readonly string[]): Promise<void> {
  const [first] = words;
  const isNamed = first !== undefined && !first.startsWith('-');
  const name = isNamed ? first : 'train';
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (load === undefined) {
    const closest = closestName(name, Object.keys(commands));
    throw new OptionsError(`there is no command ${name}, the closest is ${closest}; see --help`);
  }
  const run = await load();
  await run(isNamed ? words.slice(1) : words, signals);
}
