import assert from 'node:assert/strict';
import type { Checkpoint } from '../checkpoint/checkpoints.ts';
import { modelConfig } from '../model/config.ts';
import { derive } from '../options/derive.ts';
import type { OptionValues } from '../options/option-values.ts';
import { trainOptions } from '../options/train-options.ts';
import { checkpointContent } from '../testing/checkpoint-content.ts';
import { checkSame } from './check-same.ts';
import { identityOf, type RunIdentity } from './run-identity.ts';

const options = trainOptions(
  new Map([['url', { value: ['http://127.0.0.1:4300'], where: '--url' }]]),
);

/** A run's identity by what the command line gives. */
function identity(
  given: Partial<OptionValues> = {},
  { plan = 'aa', heldOutPlan = '', vocab = 100, length = 128 } = {},
): RunIdentity {
  const { architecture, size, steps } = options;
  const derived = derive({ architecture, size, steps, ...given });
  const all = { ...options, ...given, ...derived, url: options.url };
  const plans = { plan, ...(heldOutPlan === '' ? {} : { heldOutPlan }) };
  return identityOf(all, modelConfig({ ...all, vocab, length }), plans);
}

function check(there: RunIdentity, here: RunIdentity, step = 5): void {
  const { plan: planId } = there;
  const content = checkpointContent(step);
  const state = { ...content.state, planId, run: { ...there } };
  const checkpoint: Checkpoint = { ...content, state, folder: 'run/step' };
  checkSame(checkpoint, here);
}

/** What is listed as differing. */
function listed(there: RunIdentity, here: RunIdentity): string {
  try {
    check(there, here);
  } catch (error) {
    return /differs in (.*): resume/.exec(String(error))?.[1] ?? String(error);
  }
  return 'nothing';
}

Deno.test('what follows from the options given is not listed', () => {
  assert.equal(listed(identity(), identity()), 'nothing');
  assert.equal(
    listed(identity({ steps: 20 }), identity({ steps: 300, lr: 0.5 })),
    '--lr (0.001 there, 0.5 here), --steps (20 there, 300 here)',
  );
  assert.equal(listed(identity(), identity({ size: 'mini' })), '--size (tiny there, mini here)');
  assert.equal(
    listed(identity({ layers: 1 }), identity({ layers: 1, size: 'base' })),
    '--size (tiny there, base here)',
  );
  assert.equal(listed(identity(), identity({ hidden: 64 })), '--hidden (128 there, 64 here)');
  assert.equal(
    listed(identity(), identity({ architecture: 'albert', warmup: 7 })),
    '--architecture (bert there, albert here), --warmup (40 there, 7 here)',
  );
});

Deno.test('of what follows from the plan, the plan alone is listed', () => {
  const other = identity({}, { plan: 'bb', vocab: 50, length: 64 });
  assert.equal(listed(identity(), other), 'the plan (aa there, bb here)');
  assert.equal(listed(identity(), identity({}, { length: 64 })), '--length (128 there, 64 here)');
});

Deno.test('evaluations of other batches are not gone on with', () => {
  const plans = { plan: 'aa', heldOutPlan: 'cc' };
  assert.equal(
    listed(identity({}, plans), identity({ evalSteps: 3 }, plans)),
    '--eval-steps (10 there, 3 here)',
  );
  assert.equal(listed(identity(), identity({ evalSteps: 3 })), 'nothing');
  assert.equal(listed(identity(), identity({ evalSteps: 3 }, plans)), 'nothing');
});

Deno.test('other steps are taken during a warm-up that is the same', () => {
  check(identity({ steps: 200 }), identity({ steps: 300 }), 40);
  check(identity({ steps: 300 }), identity({ steps: 200 }), 40);
  assert.throws(() => check(identity({ steps: 200 }), identity({ steps: 300 }), 42), {
    message: /on which the learning rates of the 42 steps done depend, as the schedule is linear/,
  });
});
