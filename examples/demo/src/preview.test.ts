import { describe, expect, test } from 'vitest';
import { type Action, cut, type Epoch, findSentence, parsePreview } from './preview.ts';

/** A sample from words; `word/action` gives it an action. */
function epochOf(text: string): Epoch {
  const tokens = `[CLS] ${text} [SEP]`.split(' ').map((word) => {
    const [token, action = 'none'] = word.split('/');
    return { text: token!, shown: token!, action: action as Action };
  });
  return { epoch: 0, tokens };
}

const words = (count: number): string => Array.from({ length: count }, () => 'word').join(' ');
const textOf = (epoch: Epoch): string =>
  cut([epoch], findSentence([epoch]))[0]!
    .tokens.map(({ text }) => text)
    .join(' ');

describe('findSentence()', () => {
  test('takes the first whole sentence that is neither short nor long', () => {
    expect(textOf(epochOf(`too short . ${words(40)} . A ${words(20)} . B ${words(20)} .`))).toBe(
      `A ${words(20)} .`,
    );
  });

  test('prefers a sentence in which masking does more', () => {
    const text = `A/mask ${words(20)} . B/mask x/random ${words(20)} .`;
    expect(textOf(epochOf(text))).toBe(`B x ${words(20)} .`);
  });

  test('never reaches special tokens or beyond a sample that has no sentence', () => {
    expect(textOf(epochOf('no full stop'))).toBe('no full stop');
    expect(textOf(epochOf(words(100)))).toBe(words(33));
    expect(findSentence([])).toEqual({ start: 0, end: 0, kinds: 0 });
  });
});

test('parsePreview() reads epochs and refuses tokens it does not know', () => {
  const epochs = [epochOf('one two/keep')];
  expect(parsePreview(JSON.stringify({ sample: '0', epochs }))).toEqual(epochs);
  const strange = [{ epoch: 0, tokens: [{ text: 'a', shown: 'a', action: 'swap' }] }];
  expect(() => parsePreview(JSON.stringify({ epochs: strange }))).toThrow(/"action":"swap"/);
});
