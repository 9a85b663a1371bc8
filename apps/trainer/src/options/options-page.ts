import { type AnyOption, defaultOf, type Group, groups, titleOf } from './option.ts';
import { optionNames, table } from './table.ts';

const begin = '<!-- Options: written by apps/trainer/src/options/write-page.ts -->';
const end = '<!-- End of the options -->';

/**
 * A page with its section of options as the table has them now.
 *
 * @throws {RangeError} if the page has no place for it.
 */
export function withOptions(page: string): string {
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new RangeError(`Expected ${begin} and ${end} in the page`);
  return `${page.slice(0, from + begin.length)}\n\n${groups.map(groupTable).join('\n')}\n${page.slice(to)}`;
}

function groupTable(group: Group): string {
  const rows = optionNames.map((name) => [name, table[name]] as const);
  const lines = rows.filter(([, { group: of }]) => of === group).map(([name, of]) => row(name, of));
  const head = '| option | value | default | what it sets |\n| --- | --- | --- | --- |';
  return `### ${titleOf(group)}\n\n${head}\n${lines.join('\n')}\n`;
}

function row(name: string, described: AnyOption): string {
  const { kind, doc, only } = described;
  const scope = only === undefined ? '' : ` (${only.join(' and ')} only)`;
  return `| \`${name}\` | ${kind.expected} | ${defaultOf(described)} | ${doc}${scope} |`;
}
