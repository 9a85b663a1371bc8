import assert from 'node:assert/strict';
import { tinyTokenizer } from '../testing/tiny-tokenizer.ts';
import { fillText } from './fill-text.ts';
import type { MaskedLanguageModel } from './load-model.ts';
import { maskedText } from './masked-text.ts';

const tokenizer = await tinyTokenizer();
const { vocab } = tokenizer;

/** A model that finds the token most probable whose id is the position's, and then the ids around it. */
function counting(size = vocab.size, length = 16): MaskedLanguageModel {
  return {
    ...{ vocab: size, length },
    async predict(_, positions) {
      const logits = positions.flatMap((position) =>
        Array.from({ length: size }, (_, id) => -Math.abs(id - position)),
      );
      return Float32Array.from(logits);
    },
    dispose() {},
  };
}

Deno.test('[MASK] is one token between others, in the frame of [CLS] and [SEP]', () => {
  const { ids, positions } = maskedText('The [MASK] of laws', tokenizer, 16);
  assert.deepEqual(tokenizer.tokens([...ids]), ['[CLS]', 'the', '[MASK]', 'of', 'laws', '[SEP]']);
  assert.deepEqual(positions, [2]);
});

Deno.test('each [MASK] gets the tokens that the model finds most probable at its place', async () => {
  const guesses = await fillText('[MASK] laws and [MASK]', tokenizer, counting(), 2);
  assert.deepEqual(
    guesses.map(({ position }) => position),
    [1, 4],
  );
  for (const { position, candidates } of guesses) {
    assert.deepEqual(
      candidates.map(({ id }) => id),
      [position, position - 1],
    );
    assert.deepEqual(
      candidates.map(({ token }) => token),
      tokenizer.tokens([position, position - 1]),
    );
    assert(candidates[0]!.probability > candidates[1]!.probability);
  }
});

Deno.test('a text of just the length that the model takes is taken', () => {
  const { ids } = maskedText(`${'of '.repeat(13)}[MASK]`, tokenizer, 16);
  assert.equal(ids.length, 16);
});

Deno.test('a text that cannot be filled in is refused in one line', async () => {
  const cases: [string, MaskedLanguageModel, RegExp][] = [
    [
      'of laws',
      counting(),
      /^The text "of laws" has no \[MASK\], expected one for each token to guess/,
    ],
    ['', counting(), /^The text "" has no \[MASK\]/],
    [
      `${'of '.repeat(14)}[MASK]`,
      counting(),
      /^The text has 17 tokens, expected at most the 16 that/,
    ],
    [
      '[MASK]',
      counting(vocab.size + 1),
      /^The tokenizer has (\d+) tokens, expected the model's (\d+): give --tokenizer the one/,
    ],
  ];
  for (const [text, model, message] of cases) {
    await assert.rejects(fillText(text, tokenizer, model, 5), (error) => {
      assert(error instanceof Error && error.name === 'TrainingError');
      assert.doesNotMatch(error.message, /\n/);
      return message.test(error.message);
    });
  }
});
