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

test('splitSentences() knows the terminators of other scripts', () => {
  expect(texts('एक वाक्य। दूसरा वाक्य॥ هل هذا؟ نعم۔ և։ ո')).toEqual([
    'एक वाक्य।',
    'दूसरा वाक्य॥',
    'هل هذا؟',
    'نعم۔',
    'և։',
    'ո',
  ]);
  expect(texts('一．二｡三\u2028四')).toEqual(['一．', '二｡', '三', '四']);
});

test('splitSentences() takes linear time on long leaders of dots and gaps of spaces', () => {
  // With quadratic time this takes over half a minute.
  for (const filler of ['.', ' ', '."']) {
    expect(splitSentences(`Chapter ${filler.repeat(100_000)}1`)).toHaveLength(1);
  }
}, 10_000);
