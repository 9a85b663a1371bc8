import fc from 'fast-check';
import type { Given, GivenValue } from '../given.ts';
import type { Kind, NumberKind } from '../kinds.ts';
import type { AnyOption } from '../option.ts';
import { type OptionName, optionNames, table } from '../table.ts';

const addresses = fc.constantFrom(
  'http://127.0.0.1:4300',
  'https://a.example/b?c=d#e',
  'http://[::1]',
);
/** Paths that YAML has to quote among them. */
const paths = fc
  .oneof(
    fc.string({ minLength: 1 }),
    fc.constantFrom(
      'true',
      '1e3',
      'null',
      '~',
      '# a',
      'a: b',
      '- a',
      'a\nb',
      ' a',
      '{a}',
      '*a',
      '!a',
    ),
  )
  .filter((text) => text.trim() !== '');

/** Any value that a kind accepts. */
export function valuesOf(kind: Kind<unknown>): fc.Arbitrary<unknown> {
  switch (kind.type) {
    case 'integer':
    case 'number':
      return numbers(kind as NumberKind);
    case 'seed':
      return fc.bigInt(0n, 2n ** 64n - 1n);
    case 'choice':
      return fc.constantFrom(...(kind as Kind<unknown> & { words: readonly string[] }).words);
    case 'text':
      return kind.placeholder === '<address>' ? addresses : paths;
    case 'texts':
      return fc.array(addresses, { minLength: 1, maxLength: 3 });
    case 'flag':
      return fc.boolean();
    case 'flag-or-text':
      return fc.oneof(fc.boolean(), paths);
  }
}

function numbers({ type, range }: NumberKind): fc.Arbitrary<number> {
  const { least, above, most, below } = range;
  if (type === 'integer')
    return fc.integer({ min: least ?? 0, max: most ?? Number.MAX_SAFE_INTEGER });
  return fc.double({
    min: least ?? above ?? -1e300,
    max: most ?? below ?? 1e300,
    minExcluded: above !== undefined,
    maxExcluded: below !== undefined,
    noNaN: true,
  });
}

/** Any options, given or not, that are for the architecture among them. */
export const givens: fc.Arbitrary<Given> = fc
  .record(Object.fromEntries(optionNames.map((name) => [name, valuesOf(table[name].kind)])), {
    requiredKeys: [],
  })
  .map((values) => {
    const architecture = values['architecture'] ?? table.architecture.default;
    const entries = Object.entries(values) as [OptionName, unknown][];
    const fitting = entries.filter(([name]) => {
      const { only }: AnyOption = table[name];
      return only?.some((name) => name === architecture) ?? true;
    });
    return new Map(
      fitting.map(([name, value]): [OptionName, GivenValue] => [name, { value, where: name }]),
    );
  });
