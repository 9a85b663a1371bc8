// A Python for the tests that read our files with other libraries: a virtual environment in .cache/python,
// with what test/requirements.txt pins. `node test/python.mjs` makes it where python3 and pip work, else
// notes why not (and fails if told that it is --required); python() tells the tests. Nothing here needs more rights than writing to .cache.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const requirements = join(root, 'test/requirements.txt');
const home = join(root, '.cache/python');
const path = join(home, 'bin/python');
/** A copy of the requirements that the environment was made for. */
const made = join(home, 'requirements.txt');
const why = join(root, '.cache/python-missing.txt');

/** `{ path }` of the interpreter, or the `reason` to skip with. */
export function python() {
  if (existsSync(path)) return { path };
  if (existsSync(why)) return { reason: readFileSync(why, 'utf8') };
  return { reason: 'there is no .cache/python; node test/python.mjs makes it' };
}

function make() {
  const wanted = readFileSync(requirements, 'utf8');
  if (existsSync(path) && existsSync(made) && readFileSync(made, 'utf8') === wanted) return;
  const temporary = `${home}-${process.pid}`;
  mkdirSync(temporary, { recursive: true });
  try {
    console.log('Making a Python environment for the tests in .cache/python');
    call('python3', ['-m', 'venv', temporary]);
    const pip = [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
      '--only-binary=:all:',
      // Where an index does not answer, pip waits longer and longer before each retry, for each package.
      '--retries=1',
    ];
    call(join(temporary, 'bin/python'), [...pip, '--requirement', requirements]);
    writeFileSync(join(temporary, 'requirements.txt'), wanted);
    rmSync(home, { recursive: true, force: true });
    renameSync(temporary, home);
    rmSync(why, { force: true });
  } catch (error) {
    writeFileSync(why, `no Python environment: ${error.message}`);
    console.log(`Tests that need Python will be skipped: ${error.message}`);
    if (process.argv.includes('--required')) process.exitCode = 1;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function call(command, args) {
  const { error, status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (error) throw error;
  if (status === 0) return;
  const line = `${stderr}${stdout}`.trim().split('\n').at(-1);
  throw new Error(`python ${args.slice(0, 3).join(' ')} failed (exit code ${status}): ${line}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) make();
