import fc from 'fast-check';
import { expect, test } from 'vitest';
import { escapeHtml } from './html.ts';

test('escapeHtml() leaves nothing that HTML would read as markup', () => {
  expect(escapeHtml(`<a href="x">Tom & 'Jerry'</a>`)).toBe(
    '&lt;a href=&quot;x&quot;&gt;Tom &amp; &#39;Jerry&#39;&lt;/a&gt;',
  );
  fc.assert(
    fc.property(fc.string(), (text) => {
      const html = escapeHtml(text);
      expect(html).not.toMatch(/[<>"']/);
      expect(html.replace(/&(amp|lt|gt|quot|#39);/g, '')).not.toContain('&');
    }),
  );
});

test('escapeHtml() leaves other text as it is', () => {
  expect(escapeHtml('naïve – 15 % [MASK] ##ing')).toBe('naïve – 15 % [MASK] ##ing');
});
