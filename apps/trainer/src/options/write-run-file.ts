import { Document, isSeq } from 'yaml';
import { type AnyOption, defaultOf, groups } from './option.ts';
import { camelCase, type OptionValues } from './option-values.ts';
import { type OptionName, optionNames, table } from './table.ts';

const head = `# Options of a run: maskloom-train --config run.yaml
# What the command line says wins over this file. A line that begins with "# name:" is not set.
`;

/** The text of a `run.yaml` that says these values, with what each option is for. */
export function runFileText(values: OptionValues): string {
  const parts = groups.map((group) => {
    const names = optionNames.filter((name) => table[name].group === group);
    const options = names.map((name) => entry(name, values));
    return [`# ---- ${group} ${'-'.repeat(74 - group.length)}\n`, ...options].join('\n');
  });
  return [head, ...parts].join('\n');
}

function entry(name: OptionName, values: OptionValues): string {
  const described: AnyOption = table[name];
  const { kind, only, doc } = described;
  const value: unknown = values[camelCase(name)];
  const isFor = only === undefined || only.includes(values.architecture);
  const setting =
    value !== undefined && isFor ? settingOf(name, value) : `# ${name}: ${defaultOf(described)}`;
  const allowed =
    only === undefined ? kind.expected : `${kind.expected}; for ${only.join(' and ')}`;
  return `# ${doc}\n${setting} # ${allowed}\n`;
}

/** A line of YAML, with room for a comment behind it. */
function settingOf(name: string, value: unknown): string {
  const document = new Document({ [name]: value });
  const node = document.get(name, true);
  if (isSeq(node)) node.flow = true;
  return document.toString({ lineWidth: 0, blockQuote: false }).trimEnd();
}
