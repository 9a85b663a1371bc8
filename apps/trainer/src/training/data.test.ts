import assert from 'node:assert/strict';
import type { Client } from '@maskloom/client';
import type { Architecture } from '../model/config.ts';
import { needsSentenceOrder } from './data.ts';

const client = (type: string): Client => ({ plan: { strategy: { type } } }) as unknown as Client;

const all: Architecture[] = ['bert', 'albert', 'electra', 'modernbert'];

Deno.test('every model can be trained with plans of tokens and units', () => {
  for (const architecture of all) {
    for (const type of ['token', 'units']) {
      assert.equal(needsSentenceOrder(client(type), architecture), false);
    }
  }
});

Deno.test('no model can be trained with span corruption', () => {
  for (const architecture of all) {
    assert.throws(() => needsSentenceOrder(client('span-corruption'), architecture), {
      code: 'MODEL',
      message: /encoder-decoder models.*serve a plan made with another --strategy$/,
    });
  }
});

Deno.test('sentence order is for models that have a head for it', () => {
  for (const architecture of ['bert', 'albert'] as const) {
    assert.equal(needsSentenceOrder(client('sentence-order'), architecture), true);
  }
  for (const architecture of ['electra', 'modernbert'] as const) {
    assert.throws(() => needsSentenceOrder(client('sentence-order'), architecture), {
      code: 'MODEL',
      message: new RegExp(`which ${architecture} has no head for`),
    });
  }
});
