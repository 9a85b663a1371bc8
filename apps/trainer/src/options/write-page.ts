/** @file Writes the options into docs/trainer.md: `npm run docs` in apps/trainer. */
import { readFile, writeFile } from 'node:fs/promises';
import { withOptions } from './options-page.ts';

const page = new URL('../../../../docs/trainer.md', import.meta.url);
await writeFile(page, withOptions(await readFile(page, 'utf8')));
