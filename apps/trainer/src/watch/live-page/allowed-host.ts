import { isIP } from 'node:net';
import { hostname } from 'node:os';

/**
 * Whether a request's `Host` header names this machine as its user would: by an address, as localhost, by its
 * own name, or by the name that the page was opened with. A page from elsewhere whose name was made to point
 * here, to read what is served (DNS rebinding), sends its own name.
 */
export function isAllowedHost(header: string | undefined, openedWith: string): boolean {
  const url = `http://${header}`;
  if (header === undefined || !URL.canParse(url)) return false;
  const name = new URL(url).hostname;
  if (isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0) return true;
  const names = ['localhost', openedWith.toLowerCase(), hostname().toLowerCase()];
  return names.includes(name) || name.endsWith('.localhost');
}
