import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { build } from 'esbuild';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { expect, test } from 'vitest';

const core = fileURLToPath(new URL('../../packages/core', import.meta.url));

/** Bytes of what a bundler makes of a line of code that uses core, gzipped, and the code itself. */
async function bundle(contents: string): Promise<{ bytes: number; code: string }> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL('..', import.meta.url)) },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    write: false,
  });
  const { text } = outputFiles[0]!;
  return { bytes: gzipSync(text).length, code: text };
}

// What is measured stands beside: a limit leaves room for a check or a message, and none for another strategy's code.
test.each([
  // What the package promises: 7.8 kB.
  ['tokenMasking', 8000],
  ['modernbert', 8000],
  // Draws by counts: 8.2 kB.
  ['tokenMasking, unigramWords', 8500],
  // The strategies of units have a longer reference, and a kernel that does more: 9.8 and 9.9 kB.
  ['bert', 10_200],
  ['spanbert', 10_200],
  // Has no kernel: 4.9 kB.
  ['t5', 5200],
])(
  'createMasker with %s is under %i bytes gzipped, its kernel inlined',
  async (strategy, limit) => {
    const { bytes } = await bundle(
      `import { createMasker, ${strategy} } from '@maskloom/core'; console.log(createMasker, ${strategy});`,
    );
    expect(bytes).toBeGreaterThan(1000);
    expect(bytes).toBeLessThan(limit);
  },
);

test('a strategy brings its own kernel and no other', async () => {
  const wasm = '0061736d'; // how every WebAssembly module begins, in hexadecimal
  const kernelsOf = async (strategy: string) => {
    const names = `createMasker, ${strategy}`;
    const { code } = await bundle(
      `import { ${names} } from '@maskloom/core'; console.log(${names});`,
    );
    return code.split(wasm).length - 1;
  };
  expect(await kernelsOf('tokenMasking')).toBe(1);
  expect(await kernelsOf('spanbert')).toBe(1);
  expect(await kernelsOf('tokenMasking, spanbert')).toBe(2);
  expect(await kernelsOf('createDraws')).toBe(0);
});

test('publint finds nothing to say of core', async () => {
  const { messages, pkg } = await publint({ pkgDir: core, strict: true, pack: 'npm' });
  expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
});

test('are-the-types-wrong finds the types of core right, for ES modules', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'maskloom-footprint-'));
  try {
    const words = ['pack', '--silent', '--pack-destination', folder];
    expect(spawnSync('npm', words, { cwd: core }).status).toBe(0);
    const [tarball] = await readdir(folder);
    const packed = createPackageFromTarballData(await readFile(join(folder, tarball!)));
    const analysis = await checkPackage(packed);
    if (analysis.types === false) throw new Error('there are no types in the package');
    // The package is for ES modules: require() and resolution as before Node 12 are not for it.
    const others = ['node10', 'node16-cjs'];
    const problems = analysis.problems.filter(
      (problem) => !('resolutionKind' in problem && others.includes(problem.resolutionKind)),
    );
    expect(problems).toEqual([]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
