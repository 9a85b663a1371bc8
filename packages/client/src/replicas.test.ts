import { describe, expect, test } from 'vitest';
import { SidecarError } from './errors.ts';
import { replicas } from './replicas.ts';

const urls = ['http://a', 'http://b', 'http://c'];

/** An action that notes whom it asked and fails as often as told. */
function failing(times: number, error: Error = new Error('connection refused')) {
  const asked: string[] = [];
  const action = async (url: string): Promise<string> => {
    asked.push(url);
    if (asked.length <= times) throw error;
    return url;
  };
  return { asked, action };
}

describe('replicas()', () => {
  test('stays with a replica for as long as it answers', async () => {
    const attempt = replicas(urls, 5);
    const { asked, action } = failing(1);
    expect(await attempt('testing', action)).toBe('http://b');
    expect(await attempt('testing', action)).toBe('http://b');
    expect(asked).toEqual(['http://a', 'http://b', 'http://b']);
  });

  test('goes round all replicas, then gives up naming them, what it did and the last reason', async () => {
    const { asked, action } = failing(
      99,
      new Error('fetch failed', { cause: new Error('refused') }),
    );
    const attempt = replicas(urls, 4)('reading step 7', action);
    await expect(attempt).rejects.toThrow(
      'No sidecar answers at http://a, http://b, http://c while reading step 7 (4 attempts, the last: refused): start `maskloom serve` again',
    );
    await expect(attempt).rejects.toMatchObject({ code: 'SIDECAR_GONE', urls });
    expect(asked).toEqual(['http://a', 'http://b', 'http://c', 'http://a']);
  });

  test('counts failures in a row: an answer between starts again', async () => {
    const attempt = replicas(urls, 2);
    for (let round = 0; round < 5; round++) {
      expect(await attempt('testing', failing(1).action)).toMatch(/^http/);
    }
  });

  test('does not try again what would fail everywhere', async () => {
    const refused = failing(1, new SidecarError('SIDECAR_REFUSED', urls, 'step is 9'));
    await expect(replicas(urls, 5)('testing', refused.action)).rejects.toThrow('step is 9');
    expect(refused.asked).toHaveLength(1);
  });

  test('ends with the reason of its signal, whatever that is, also while it waits', async () => {
    const controller = new AbortController();
    const { asked, action } = failing(99);
    const attempt = replicas(urls, 99)('testing', action, controller.signal);
    setTimeout(() => controller.abort('any reason'), 1000);
    const began = performance.now();
    await expect(attempt).rejects.toBe('any reason');
    expect(performance.now() - began).toBeLessThan(1500);
    const before = asked.length;
    await expect(replicas(urls, 99)('testing', action, controller.signal)).rejects.toBe(
      'any reason',
    );
    expect(asked).toHaveLength(before);
  });
});
