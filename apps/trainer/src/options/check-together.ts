import type { DerivedOptions } from './derive.ts';
import { OptionsError } from './errors.ts';
import type { Given } from './given.ts';
import type { AnyOption } from './option.ts';
import { camelCase, type OptionValues } from './option-values.ts';
import { shown } from './shown.ts';
import { type OptionName, optionNames, table } from './table.ts';

/**
 * Checks what no option can tell by itself.
 *
 * @throws {OptionsError} naming the option that does not go with the others.
 */
export function checkTogether(values: OptionValues, derived: DerivedOptions, given: Given): void {
  const refuse = (option: OptionName, expected: string): never => {
    const where = given.get(option)?.where ?? `--${option}`;
    const found = shown({ ...values, ...derived }[camelCase(option)]);
    throw new OptionsError(`${where} is ${found}, expected ${expected}`, { option });
  };
  const { architecture, steps } = values;
  const { hidden, heads, warmup } = derived;
  for (const name of optionNames) {
    const { only }: AnyOption = table[name];
    if (only !== undefined && given.has(name) && !only.includes(architecture)) {
      refuse(
        name,
        `nothing, since it is for ${only.join(' and ')} and the architecture is ${architecture}`,
      );
    }
  }
  if (hidden % heads !== 0) {
    if (given.has('heads')) refuse('heads', `a divisor of hidden, which is ${hidden}`);
    refuse('hidden', `a multiple of heads, which are ${heads}`);
  }
  if (architecture === 'modernbert' && (hidden / heads) % 2 !== 0) {
    refuse('heads', `a divisor of half of hidden, which is ${hidden}, for rotary positions`);
  }
  if (warmup > steps) refuse('warmup', `at most steps, which are ${steps}`);
  if (values.patience > 0 && values.evalUrl === undefined) {
    refuse('patience', '0 where there is no evaluation: give --eval-url');
  }
  if (values.out !== undefined) return;
  if (values.resume) refuse('resume', 'false without the folder of a run: give --out');
  if (given.has('checkpoint-every') && values.checkpointEvery > 0) {
    refuse('checkpoint-every', '0 without a folder to write to: give --out');
  }
  if (values.tokenizer !== undefined) {
    refuse(
      'tokenizer',
      'nothing where there are no checkpoints to copy it into: give --out, the folder of the run, as well',
    );
  }
  if (given.get('tensorboard')?.value === true) {
    refuse('tensorboard', 'the path of a folder, or --out');
  }
}
