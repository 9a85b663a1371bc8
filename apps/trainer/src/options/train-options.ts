import { checkTogether } from './check-together.ts';
import { type DerivedOptions, derive } from './derive.ts';
import { OptionsError } from './errors.ts';
import type { Given } from './given.ts';
import { type OptionValues, optionValues } from './option-values.ts';

/** All that a run is told. */
export type TrainOptions = Omit<OptionValues, keyof DerivedOptions | 'url'> &
  DerivedOptions & { readonly url: readonly string[] };

/**
 * The options of a run, frozen.
 *
 * @throws {OptionsError} naming the option that is missing or does not go with the others.
 */
export function trainOptions(given: Given): TrainOptions {
  const { url, log: _, tensorboard: __, ...values } = checkedValues(given);
  if (url === undefined) {
    throw new OptionsError(
      '--url is missing, expected the address of a sidecar: `maskloom serve` prints it',
      { option: 'url' },
    );
  }
  const derived = derive(optionValues(given));
  return Object.freeze({ ...values, ...derived, url: Object.freeze([...url]) });
}

/**
 * The options' values as they were given or by default, with what follows from them left open.
 *
 * @throws {OptionsError} naming the option that does not go with the others.
 */
export function checkedValues(given: Given): OptionValues {
  const values = optionValues(given);
  checkTogether(values, derive(values), given);
  return values;
}
