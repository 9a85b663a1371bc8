import { camelCase } from '../options/option-values.ts';
import { optionNames } from '../options/table.ts';

/** Names of what is no option. */
const otherNames: Readonly<Record<string, string>> = {
  plan: 'the plan',
  heldOutPlan: 'the held-out plan',
  vocab: 'the vocabulary',
  sentenceOrder: 'sentence order',
};

type Settings = Readonly<Record<string, unknown>>;

/** Names of the settings that are not the same in both. */
export function differences(there: object, here: object): string[] {
  const [one, other]: [Settings, Settings] = [{ ...there }, { ...here }];
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].filter((name) => one[name] !== other[name]);
}

/** A list of settings for a message, with what each is there and here. */
export function listDifferences(names: readonly string[], there: object, here: object): string {
  const [one, other]: [Settings, Settings] = [{ ...there }, { ...here }];
  const show = (name: string): string =>
    `${shownName(name)} (${one[name] ?? 'none'} there, ${other[name] ?? 'none'} here)`;
  return names.map(show).join(', ');
}

function shownName(name: string): string {
  const option = optionNames.find((option) => camelCase(option) === name);
  return option === undefined ? (otherNames[name] ?? name) : `--${option}`;
}
