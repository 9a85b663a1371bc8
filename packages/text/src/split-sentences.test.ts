import fc from 'fast-check';
import { expect, test } from 'vitest';
import { splitSentences } from './split-sentences.ts';

const texts = (text: string) => splitSentences(text).map((sentence) => sentence.text);

test('splitSentences() ends sentences at terminators before white space, and at line breaks', () => {
  expect(texts('One. Two? "Three!" Four 3.5 five\nSix')).toEqual([
    'One.',
    'Two?',
    '"Three!"',
    'Four 3.5 five',
    'Six',
  ]);
  expect(texts('一。二！三')).toEqual(['一。', '二！', '三']);
  expect(texts('  \n ')).toEqual([]);
});

test('splitSentences() tells the byte each sentence begins at, and loses nothing but white space', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('é', 'a', '. ', '!\n', '日', ' ', '”'), { maxLength: 60 }),
      (parts) => {
        const text = parts.join('');
        const bytes = Buffer.from(text);
        for (const sentence of splitSentences(text)) {
          const length = Buffer.byteLength(sentence.text);
          expect(bytes.subarray(sentence.offset, sentence.offset + length).toString()).toBe(
            sentence.text,
          );
        }
        expect(texts(text).join('').replaceAll(/\s/g, '')).toBe(text.replaceAll(/\s/g, ''));
      },
    ),
    { numRuns: 500 },
  );
});
