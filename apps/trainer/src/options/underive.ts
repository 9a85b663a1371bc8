import { derive } from './derive.ts';
import type { OptionValues } from './option-values.ts';
import { type Size, type SizeName, sizes } from './sizes.ts';

/** The opposite of {@linkcode derive}: leaves out what follows from the other options, and names the size. */
export function underive(
  options: Pick<OptionValues, 'architecture' | 'steps'> & Size,
): Readonly<Record<string, unknown>> {
  const { architecture, steps, hidden } = options;
  const size = closestSize(options);
  const following: Readonly<Record<string, unknown>> = {
    ...derive({ architecture, steps, size, hidden }),
    ...sizes[size],
  };
  const others = Object.entries(options).filter(([name, value]) => following[name] !== value);
  return { ...Object.fromEntries(others), size };
}

/** The size that most of these belong to. */
function closestSize({ layers, hidden, heads }: Size): SizeName {
  const names = Object.keys(sizes) as SizeName[];
  const matches = names.map((name) => {
    const size = sizes[name];
    return [size.layers === layers, size.hidden === hidden, size.heads === heads].filter(Boolean);
  });
  const most = Math.max(...matches.map(({ length }) => length));
  return names[matches.findIndex(({ length }) => length === most)]!;
}
