import assert from 'node:assert/strict';
import type { Client } from '@maskloom/client';
import type { Architecture } from '../model/config.ts';
import { checkHeldOut, needsSentenceOrder } from './data.ts';

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

/** A sidecar's answer, as far as it is compared. */
function serving({ type = 'token', size = 100, tokenizer = 'aa' } = {}): Client {
  return { ...client(type), vocab: { size }, tokenizer } as unknown as Client;
}

Deno.test('held-out data may have other masks, and no other ids or objective', () => {
  checkHeldOut(serving(), serving({ type: 'units' }));
  const refused = (ours: Client, theirs: Client): string => {
    try {
      checkHeldOut(ours, theirs);
    } catch (error) {
      return (error as Error).message;
    }
    return 'nothing';
  };
  assert.match(refused(serving(), serving({ size: 99 })), /a vocabulary of 99 ids, .* one of 100/);
  assert.match(refused(serving(), serving({ tokenizer: 'bb' })), /with tokenizer bb, .* with aa/);
  assert.match(
    refused(serving({ type: 'sentence-order' }), serving()),
    /^The held-out plan is for masked tokens, the training plan for masked tokens and sentence order: /,
  );
  assert.match(refused(serving(), serving({ type: 'span-corruption' })), /is for span corruption/);
});
