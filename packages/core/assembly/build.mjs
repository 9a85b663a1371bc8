// Compiles the kernels with AssemblyScript and inlines each in src/kernel/*-wasm.ts, which are committed: whoever uses
// the package needs neither the compiler nor a file beside it. `pnpm kernel` runs this.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { main } from 'assemblyscript/asc';

const folder = fileURLToPath(new URL('.', import.meta.url));
export const kernels = ['token-masking', 'unit-masking', 'permutation'];

/** The text of the file that inlines a kernel. */
export async function inlinedKernel(name) {
  const out = mkdtempSync(join(tmpdir(), 'maskloom-kernel-'));
  try {
    const words =
      '--enable simd --enable threads --runtime stub -O3 --shrinkLevel 1 --converge --noAssert --importMemory --sharedMemory --maximumMemory 65536 --memoryBase 0 --use abort=';
    const { error, stderr } = await main([
      `${name}.ts`,
      ...words.split(' '),
      '--baseDir',
      folder,
      '--outFile',
      join(out, 'kernel.wasm'),
    ]);
    if (error) throw new Error(`${error.message}\n${stderr.toString()}`);
    // Hexadecimal: a bundle of it is compressed to less than one of base64.
    const hex = readFileSync(join(out, 'kernel.wasm')).toString('hex');
    const constant = `${name.replace(/-(.)/g, (_, letter) => letter.toUpperCase())}Wasm`;
    return `// Made by assembly/build.mjs from assembly/${name}.ts.\n// biome-ignore format: one line\nexport const ${constant} = '${hex}';\n`;
  } finally {
    rmSync(out, { recursive: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const name of kernels) {
    writeFileSync(join(folder, `../src/kernel/${name}-wasm.ts`), await inlinedKernel(name));
  }
}
