/** @file Tokenizers from the Hugging Face hub, kept in a cache of the user's. */
import { readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDraft } from '@maskloom/shards';
import { env } from '@xenova/transformers';
import { TokenizerError } from './errors.ts';
import { problemOf, type TokenizerFiles, tokenizerFiles } from './tokenizer-files.ts';

const attempts = 3;
/** Milliseconds before a second attempt; twice as long before each other. */
const pause = 500;
/** Milliseconds that a file may take. */
const longest = 120_000;

/**
 * A tokenizer's files, from the cache (`maskloom/tokenizers` in `XDG_CACHE_HOME`, by default `~/.cache`) or from the
 * hub (`HF_ENDPOINT`, by default huggingface.co). A file that is torn, here or there, is fetched again; where the cache
 * cannot be written to, each run fetches.
 *
 * @throws {TokenizerError} if the hub does not give it.
 */
export async function filesFromHub(name: string): Promise<TokenizerFiles> {
  if (!/^[\w.-]+(\/[\w.-]+)?$/.test(name) || name.split('/').some((part) => /^\.+$/.test(part))) {
    throw new TokenizerError(
      name,
      `No tokenizer at ${name}: found no such folder; make one with \`maskloom tokenizer train\`, or give a name on the hub`,
    );
  }
  const folder = join(cacheFolder(), ...name.split('/'));
  const [json, config] = await Promise.all(
    tokenizerFiles.map(
      async (file) => (await cached(join(folder, file))) ?? fetched(name, file, folder),
    ),
  );
  return { json: json!, config: config! };
}

function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'maskloom/tokenizers');
}

/** A file of the cache, if it is there and whole. */
async function cached(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text === undefined || problemOf(path, text) !== undefined ? undefined : text;
}

async function fetched(name: string, file: string, folder: string): Promise<string> {
  const host = (process.env['HF_ENDPOINT'] || env.remoteHost).replace(/\/+$/, '');
  const path = env.remotePathTemplate.replace('{model}', name).replace('{revision}', 'main');
  const url = `${host}/${path}${file}`;
  const text = await download(name, url);
  try {
    const draft = await createDraft(join(folder, file), 'file');
    try {
      await writeFile(draft.path, text, { flag: 'wx' });
      draft.keep();
    } catch (error) {
      await draft.discard();
      throw error;
    }
  } catch {
    // Without a cache it is fetched again next time.
  }
  return text;
}

async function download(name: string, url: string): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const { text, problem, again } = await downloadOnce(url);
    if (text !== undefined) return text;
    if (!again) throw unknown(name, `${problem}`);
    if (attempt === attempts) throw unknown(name, `${problem}, ${attempts} times`);
    await sleep(pause * 2 ** (attempt - 1));
  }
}

/** The text of a file, or what was in its way and whether it may be gone another time. */
async function downloadOnce(
  url: string,
): Promise<{ text?: string; problem?: string; again?: boolean }> {
  try {
    const signal = AbortSignal.timeout(longest);
    const response = await fetch(url, { headers: authorization(url), signal });
    const text = Buffer.from(await response.arrayBuffer()).toString();
    if (!response.ok) {
      const again = response.status >= 500 || response.status === 429;
      return { problem: `${url} answered ${response.status}`, again };
    }
    const problem = problemOf(url, text);
    return problem === undefined ? { text } : { problem: `${url}: ${problem}`, again: true };
  } catch (error) {
    return { problem: `${url}: ${reason(error)}`, again: true };
  }
}

function unknown(name: string, problem: string): TokenizerError {
  return new TokenizerError(
    name,
    `Unknown tokenizer "${name}": found no such folder, and the hub did not give it (${problem}); check the name and the network, or make one with \`maskloom tokenizer train\``,
  );
}

/** For models that the hub gives to their friends only. */
function authorization(url: string): Record<string, string> {
  const token = process.env['HF_TOKEN'] ?? process.env['HF_ACCESS_TOKEN'];
  const isHub = ['huggingface.co', 'hf.co'].includes(new URL(url).hostname);
  return isHub && token ? { authorization: `Bearer ${token}` } : {};
}

/** fetch() hides what happened in nested causes. */
function reason(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause !== undefined) inner = inner.cause;
  return inner instanceof Error ? inner.message || inner.name : String(inner);
}
