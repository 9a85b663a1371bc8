import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { findChromium, noChromium } from '../support/chromium.ts';
import { openTab, type Tab } from '../support/tab.ts';

const trainer = fileURLToPath(new URL('../../apps/trainer', import.meta.url));
const deno = createRequire(join(trainer, 'package.json')).resolve('deno/bin.cjs');
const chromium = findChromium();

/** Serves the page, in the runtime of the trainer; its events come from standard input, a line each. */
const script = `
  import { createInterface } from 'node:readline';
  import { openLivePage } from ${JSON.stringify(join(trainer, 'src/watch/live-page.ts'))};
  const page = await openLivePage({ port: 0 });
  console.log(page.url);
  for await (const line of createInterface({ input: process.stdin })) page.write(JSON.parse(line));
  page.close();`;

const planId = '0123456789abcdef'.repeat(4);
const start = {
  ...{ type: 'start', device: 'wasm', deviceReason: 'there is no <GPU>', architecture: 'bert' },
  ...{ parameters: 4_386_178, vocab: 8192, planId, seed: '42', step: 0, steps: 200 },
};
const step = (step: number, loss: number) => ({
  ...{ type: 'step', step, loss, masked: 150, tokens: 1000, seconds: 0.5, waiting: 0.02 },
  ...{ lr: 0.001, gradientNorm: 2 },
});
const evaluation = (step: number, loss: number) => ({
  ...{ type: 'eval', step, loss, perplexity: Math.exp(loss), masked: 1000, accuracy: 0.25 },
  isBest: true,
});

/** A run whose page is open. */
interface Watched {
  readonly tab: Tab;
  /** Opens the page once more. */
  open(): Promise<Tab>;
  write(...events: readonly object[]): void;
  /** Closes the page as a run does that ends, or is ended. */
  close(): void;
}

async function watch(chromium: string, use: (watched: Watched) => Promise<void>): Promise<void> {
  const server = spawn(process.execPath, [deno, 'eval', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const tabs: Tab[] = [];
  try {
    const [url] = await once(createInterface({ input: server.stdout }), 'line');
    const open = async (): Promise<Tab> => {
      const tab = await openTab(chromium, url);
      tabs.push(tab);
      return tab;
    };
    const write = (...events: readonly object[]): void => {
      server.stdin.write(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
    };
    await use({ tab: await open(), open, write, close: () => server.stdin.end() });
  } finally {
    server.kill();
    await Promise.all(tabs.map((tab) => tab.close()));
  }
}

/** Expects something of a value sooner or later, on a busy machine too. */
function eventually(value: () => Promise<unknown>) {
  return expect.poll(value, { timeout: 20_000 });
}

/** What a part of the page shows, as soon as that is as expected. */
function shown(tab: Tab, selector: string) {
  const expression = `document.querySelector(${JSON.stringify(selector)}).innerText`;
  return eventually(() => tab.evaluate(expression));
}

const figures = '[data-view="figures"]';

describe('the live page', () => {
  test('shows what was written, and what is written then, without being loaded again', async ({
    skip,
  }) => {
    if (chromium === undefined) return skip(noChromium);
    await watch(chromium, async ({ tab, write }) => {
      await shown(tab, '.state').toBe('not started yet');
      await tab.evaluate('globalThis.isSamePage = true');
      write(start, step(0, 9), step(1, 8.5));
      await shown(tab, figures).toContain('8.750');
      await shown(tab, '.state').toBe('training');
      await shown(tab, '.progress').toMatch(/^step 2 of 200 · 1\s% · .+ left$/);
      for (const figure of ['2,000', '4.0\u00a0%', '0.001']) {
        await shown(tab, figures).toContain(figure);
      }
      for (const fact of [planId, 'wasm: there is no <GPU>', '8,192 ids']) {
        await shown(tab, '.facts').toContain(fact);
      }
      write({ ...evaluation(2, 8.25), figures: { sentenceOrderAccuracy: 0.5 } });
      await shown(tab, figures).toMatch(/Held-out loss\s+8\.250.+sentenceOrderAccuracy 0\.5/s);
      expect(await tab.evaluate('document.title')).toBe('1 % · loss 8.750 · bert training');
      expect(await tab.evaluate('globalThis.isSamePage')).toBe(true);
    });
  });

  test('tells its figures to keys and screen readers too', async ({ skip }) => {
    if (chromium === undefined) return skip(noChromium);
    await watch(chromium, async ({ tab, write }) => {
      write(start, step(0, 9), step(1, 8.5), step(2, 8), evaluation(3, 8.25));
      await shown(tab, figures).toContain('best 8.250 (step 3)');

      const images = await accessible(tab, 'image');
      expect(images).toHaveLength(5);
      expect(images[0]).toEqual({
        name: 'Loss over steps, in nats',
        description:
          'Training loss went from 9.000 after step 1 to 8.000 after step 3. Held-out loss is 8.250 after step 3.',
      });
      expect(await accessible(tab, 'progressbar')).toMatchObject([{ name: 'Steps done' }]);

      await tab.evaluate("document.querySelector('figure').focus()");
      const reading = 'figure output';
      await tab.press('End');
      await shown(tab, reading).toBe('step 3: training 8, smoothed 8, held out 8.25');
      await tab.press('ArrowLeft');
      await shown(tab, reading).toBe('step 2: training 8.5, smoothed 8.5, held out 8.25 (step 3)');
      // What is read stays while the chart grows.
      write(step(3, 7.75));
      await shown(tab, '.progress').toContain('step 4 of 200');
      await shown(tab, reading).toBe('step 2: training 8.5, smoothed 8.5, held out 8.25 (step 3)');
      await tab.press('Escape');
      await shown(tab, reading).toBe('');

      await tab.evaluate("document.querySelector('summary').click()");
      await shown(tab, '[data-view="steps"] tr:last-child').toMatch(/^1\s9\.000\s2,000\s4\.0\s%/);
    });
  });

  test('gives who comes late the history, and says how the run ended', async ({ skip }) => {
    if (chromium === undefined) return skip(noChromium);
    await watch(chromium, async ({ tab, open, write, close }) => {
      write(start, ...Array.from({ length: 150 }, (_, at) => step(at, 9 - at / 100)));
      await shown(tab, '.progress').toContain('step 150 of 200');
      const late = await open();
      const points = `document.querySelector('path.faint')?.getAttribute('d').split('L').length`;
      await eventually(() => late.evaluate(points)).toBe(150);
      // Its document has these; that it follows is shown by a step that came later.
      write(step(150, 7.5));
      await shown(late, '.progress').toContain('step 151 of 200');
      write({ type: 'end', steps: 151, reason: 'early-stop', digest: planId, seconds: 75 });
      close();
      for (const one of [tab, late]) {
        await shown(one, '.state').toBe('stopped early');
        await shown(one, '.connection').toMatch(/^No connection to the run since /);
        await shown(one, figures).toContain('took 1 min 15 s');
      }
    });
  });
});

/** Names and descriptions that a screen reader finds for a role. */
async function accessible(
  tab: Tab,
  role: string,
): Promise<{ name: string; description?: string }[]> {
  const { nodes } = (await tab.call('Accessibility.getFullAXTree')) as { nodes: AccessibleNode[] };
  return nodes
    .filter((node) => node.role?.value === role)
    .map(({ name, description }) => ({
      name: name?.value ?? '',
      ...(description?.value ? { description: description.value } : {}),
    }));
}

interface AccessibleNode {
  readonly role?: { readonly value: string };
  readonly name?: { readonly value: string };
  readonly description?: { readonly value: string };
}
