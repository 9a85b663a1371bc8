// Compiles token-masking.ts with AssemblyScript and inlines the module in src/kernel/token-masking-wasm.ts, which is
// committed: whoever uses the package needs neither the compiler nor a file beside it. `pnpm kernel` runs this.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { main } from 'assemblyscript/asc';

const folder = fileURLToPath(new URL('.', import.meta.url));
const target = join(folder, '../src/kernel/token-masking-wasm.ts');

/** The text of the file that inlines the module. */
export async function inlinedKernel() {
  const out = mkdtempSync(join(tmpdir(), 'maskloom-kernel-'));
  try {
    const words =
      'token-masking.ts --enable simd --runtime stub -O3 --converge --noAssert --importMemory --memoryBase 0 --use abort=';
    const { error, stderr } = await main([
      ...words.split(' '),
      '--baseDir',
      folder,
      '--outFile',
      join(out, 'kernel.wasm'),
    ]);
    if (error) throw new Error(`${error.message}\n${stderr.toString()}`);
    const base64 = readFileSync(join(out, 'kernel.wasm')).toString('base64');
    return `// Made by assembly/build.mjs from assembly/token-masking.ts.\n// biome-ignore format: one line\nexport const tokenMaskingWasm = '${base64}';\n`;
  } finally {
    rmSync(out, { recursive: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(target, await inlinedKernel());
