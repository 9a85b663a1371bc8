// The Python that peers run in: a virtual environment in .cache/bench-python with what requirements.txt pins.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const home = join(here, '../../.cache/bench-python');
const requirements = join(here, 'requirements.txt');
const made = join(home, 'requirements.txt');

/** The interpreter; made if it is not there, or was made for other requirements. */
export function benchPython() {
  const python = join(home, 'bin/python');
  const wanted = readFileSync(requirements, 'utf8');
  if (existsSync(made) && readFileSync(made, 'utf8') === wanted) return python;
  console.error('Making a Python environment for the peers in .cache/bench-python');
  call('python3', ['-m', 'venv', home]);
  call(python, [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--retries=1',
    '-r',
    requirements,
  ]);
  writeFileSync(made, wanted);
  return python;
}

/** Runs a command to its end; what it printed. */
export function call(command, args) {
  const { error, status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (error || status !== 0) throw error ?? new Error(stderr.trim().split('\n').at(-1));
  return stdout;
}

/** A Python script that answers each line of JSON with one: `ask(question)`, and `end()`. */
export function startPeers(script, args) {
  const child = spawn(benchPython(), [join(here, script), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(question) {
      child.stdin.write(`${JSON.stringify(question)}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error(`${script} ended: what it said is above`);
      return JSON.parse(value);
    },
    end: () => child.stdin.end(),
  };
}
