import { expect, test } from 'vitest';
import type { Action, PreviewToken } from '../preview.ts';
import { sentenceHtml } from './sentence.ts';

function token(text: string, action: Action = 'none', shown = text): PreviewToken {
  return { text, shown, action };
}

test('sentenceHtml() joins word pieces to words and punctuation to the word before', () => {
  const tokens = ['the', 'mask', '##loom', ',', 'again', '.'].map((text) => token(text));
  expect(sentenceHtml(tokens)).toBe('the maskloom, again.');
});

test('sentenceHtml() marks what masking did and tells what the model sees', () => {
  const html = sentenceHtml([token('a', 'random', '<b>'), token('year', 'mask', '[MASK]')]);
  expect(html).toBe(
    '<mark class="random" title="replaced by a random token; the model sees &lt;b&gt;">a</mark> ' +
      '<mark class="mask" title="hidden; the model sees [MASK]">year</mark>',
  );
});
