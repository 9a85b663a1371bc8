/** @file The published JSON Schemas against what the code makes and what it reads. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { ArgumentError, t5, tokenMasking, ul2 } from '@maskloom/core';
import type { Json } from '@maskloom/shards';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { presets } from '../../core/src/testing/strategies.ts';
import { PlanError } from './errors.ts';
import { createPlan, type Plan, parsePlan, planFields } from './plan.ts';
import { createStages, parseStages } from './stages/stages.ts';
import { plans } from './testing/plans.ts';

interface Schema {
  readonly properties: Record<string, object>;
}

/** As whoever uses the package finds it. */
async function read(name: string): Promise<Schema> {
  const path = createRequire(import.meta.url).resolve(`@maskloom/loader/${name}`);
  return JSON.parse(await readFile(path, 'utf8')) as Schema;
}

const schema = await read('plan.schema.json');
const stagesSchema = await read('stages.schema.json');
const ajv = new Ajv2020({
  strict: true,
  strictTypes: false,
  strictRequired: false,
  allErrors: true,
});
ajv.addSchema(schema);
const validate = ajv.compile(schema);
const validateStages = ajv.compile(stagesSchema);

const dataset = { digest: 'ab'.repeat(32), rows: 1000 };
const sentinels = { first: 1000, count: 100 };

/**
 * What holds between fields, which a schema cannot state: the argument that is named where it does not, and what
 * is expected there.
 */
const rulesBetweenFields: readonly [argument: RegExp, expected: RegExp][] = [
  [/^strategy(\.masking)?$/, /^mask <= random <= select$/],
  [/^strategy(\.masking)?\.action$/, /^mask <= random$/],
  [/^strategy(\.masking)?\.(lengths|choice)$/, /^ascending integers/],
  [/^strategy\.choice$/, /one less than there are denoisers/],
  [/^strategy\.sentinels\.count$/, /^an integer from 1 to/],
  [/^rates\.points: (epoch|step)$/, /^ascending integers/],
  [/^strategy(\.masking)?\.select$/, /^a rate above 0 to scale$/],
  [/^rate$/, /^none with several denoisers/],
  [/^datasets\[[0-9]+\]\.base \+ rows$/, /2\^64-1/],
  [/^datasets: base$/, /behind another/],
  [/^datasets: rows$/, /of all together/],
  [/^sum of the weights$/, /^at most/],
  [/^last$/, /^"(drop|short)"$/],
  [/^order\.rows$/, /^the rows' window/],
  [/^rows\.window$/, /^a multiple of the batch/],
  [/^rows\.units$/, /^a number for each/],
  [/^rows\.type$/, /^"buckets" or "tokens"$/],
];

/** Whether a plan that `parsePlan` refused breaks a rule between fields. */
function breaksRuleBetweenFields(error: unknown): boolean {
  if (error instanceof PlanError) return /do not fill one batch/.test(error.message);
  if (!(error instanceof ArgumentError)) return false;
  const { argument, expected } = error;
  return rulesBetweenFields.some(([name, what]) => name.test(argument) && what.test(expected));
}

type Path = readonly (string | number)[];

/** Every place in a value. */
function placesIn(value: Json): Path[] {
  if (typeof value !== 'object' || value === null) return [[]];
  const names = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  const members = value as unknown as Record<string | number, Json>;
  const inside = names.flatMap((name) => placesIn(members[name]!).map((path) => [name, ...path]));
  return [[], ...inside];
}

type Change =
  | { readonly type: 'replace'; readonly value: Json }
  | { readonly type: 'remove' }
  | { readonly type: 'add'; readonly name: string; readonly value: Json };

function changed(value: Json, path: Path, change: Change): Json | undefined {
  const [name, ...rest] = path;
  if (name !== undefined) {
    const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<
      string | number,
      Json
    >;
    const inner = changed(copy[name]!, rest, change);
    if (inner !== undefined) copy[name] = inner;
    else if (Array.isArray(copy)) copy.splice(Number(name), 1);
    else delete copy[name];
    return copy as unknown as Json;
  }
  if (change.type === 'remove') return undefined;
  if (change.type === 'replace' || typeof value !== 'object' || value === null) {
    return change.type === 'replace' ? change.value : value;
  }
  return Array.isArray(value)
    ? [...value, change.value]
    : { ...value, [change.name]: change.value };
}

const values: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json[]>(
    null,
    true,
    -1,
    0,
    0.5,
    1,
    1000,
    65536,
    65537,
    1_000_001,
    2 ** 31,
    2 ** 32,
    2 ** 53,
  ),
  fc.constantFrom<Json[]>('', '0', '007', '18446744073709551615', '18446744073709551616', 'x'),
  fc.constantFrom<Json[]>(
    'static',
    'dynamic',
    'token',
    'units',
    'word',
    'budget',
    'unigram',
    'fill',
  ),
  fc.constantFrom<Json[]>([], {}, [1], [0, 1, 2]),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.bigInt({ min: 0n, max: 2n ** 65n }).map(String),
);

const changes: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ type: fc.constant('replace'), value: values }),
  fc.constant({ type: 'remove' } as const),
  fc.record({
    type: fc.constant('add'),
    name: fc.constantFrom('world', 'copies', 'rates', 'randomWords', 'most', 'end', 'mode', 'type'),
    value: values,
  }),
);

/** Plans with some places of theirs replaced, removed or added to. */
const mutated: fc.Arbitrary<Json> = fc
  .tuple(plans, fc.array(fc.tuple(fc.nat(), changes), { minLength: 1, maxLength: 3 }))
  .map(([plan, list]) =>
    list.reduce<Json>(
      (value, [place, change]) => {
        const places = placesIn(value);
        return changed(value, places[place % places.length]!, change) ?? null;
      },
      plan as unknown as Json,
    ),
  );

describe('plan.schema.json', () => {
  test('accepts every plan that options can make', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        validate(JSON.parse(JSON.stringify(plan)));
        expect(validate.errors ?? []).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ...presets,
    ['t5', t5({ sentinels })] as const,
    ['ul2', ul2({ sentinels, end: 3, modes: { r: 5, s: 6, x: 7 } })] as const,
  ])('accepts the preset %s', (_, strategy) => {
    expect(validate(createPlan({ dataset, strategy, seed: 42n, batch: 8 }))).toBe(true);
  });

  test('agrees with parsePlan() on any change of a plan, but for the rules between fields', () => {
    let [accepted, refused, between] = [0, 0, 0];
    fc.assert(
      fc.property(mutated, (value) => {
        const valid = validate(value);
        let error: unknown;
        try {
          parsePlan(JSON.stringify(value));
        } catch (caught) {
          error = caught;
        }
        if (error === undefined) {
          expect({ valid, errors: validate.errors ?? [] }).toEqual({ valid: true, errors: [] });
          accepted++;
          return;
        }
        // Whatever it is, it is refused with an error that says what is wrong.
        expect(error instanceof PlanError || error instanceof ArgumentError, String(error)).toBe(
          true,
        );
        if (valid) expect(breaksRuleBetweenFields(error), String(error)).toBe(true);
        if (valid) between++;
        else refused++;
      }),
      { numRuns: 3000 },
    );
    for (const count of [accepted, refused, between]) expect(count).toBeGreaterThan(20);
  });

  test('describes every field that a plan can have, and no other', () => {
    expect(Object.keys(schema.properties).sort()).toEqual([...planFields].sort());
    for (const property of Object.values(schema.properties)) {
      expect(property).toHaveProperty('description');
    }
  });

  test('takes the decimal digits of 0 to 2^64-1, and no others', () => {
    const plan = createPlan({ dataset, strategy: tokenMasking({ rate: 0.15 }), seed: 1, batch: 8 });
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 65n }), (seed) => {
        expect(validate({ ...plan, seed: `${seed}` })).toBe(seed < 2n ** 64n);
      }),
    );
    for (const near of [2n ** 64n - 1n, 2n ** 64n, 2n ** 64n + 84n, 10n ** 19n, 10n ** 19n - 1n]) {
      expect(validate({ ...plan, seed: `${near}` })).toBe(near < 2n ** 64n);
    }
  });
});

describe('stages.schema.json', () => {
  const run = fc
    .array(plans, { minLength: 1, maxLength: 3 })
    .map((list: Plan[]) => createStages(list.map((plan) => ({ plan, steps: 1 }))));

  test('accepts stages of any plans, and refuses what parseStages() refuses for its fields', () => {
    fc.assert(
      fc.property(run, (stages) => {
        validateStages(JSON.parse(JSON.stringify(stages)));
        expect(validateStages.errors ?? []).toEqual([]);
        const [first] = stages.stages;
        for (const value of [
          { ...stages, version: 2 },
          { ...stages, stages: [] },
          { ...stages, epochs: 1 },
          { ...stages, stages: [{ ...first, steps: 0 }] },
          { ...stages, stages: [{ ...first, from: { epoch: -1, step: 0 } }] },
          { ...stages, stages: [{ ...first, plan: { ...first!.plan, seed: 1 } }] },
        ]) {
          expect(validateStages(value)).toBe(false);
          expect(() => parseStages(JSON.stringify(value))).toThrow();
        }
      }),
      { numRuns: 50 },
    );
  });
});
