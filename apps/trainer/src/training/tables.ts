import type { LookupGradient, Model } from '../model/model.ts';
import type { Parameters } from '../model/parameters.ts';
import { spread, TableGradient, type TableSums } from './table-gradient.ts';

/** Gradients of a model's tables, over the parts of a batch. */
export class Tables {
  readonly #tables: { by: keyof LookupGradient['batch']; name: string; gradient: TableGradient }[];

  constructor({ tables, specs }: Model) {
    const named = [
      { by: 'ids', name: tables.token },
      { by: 'places', name: tables.place },
      { by: 'sentences', name: tables.sentence },
    ] as const;
    this.#tables = named.flatMap(({ by, name }) => {
      if (name === undefined) return [];
      const [rows, size] = specs.find((spec) => spec.name === name)!.shape as [number, number];
      return [{ by, name, gradient: new TableGradient(rows, size) }];
    });
  }

  add(lookup: LookupGradient): void {
    for (const { by, gradient } of this.#tables) gradient.add(lookup.batch[by], lookup.gradient);
  }

  /** What `joinTables` takes, by the tables' names. */
  toDevice(): Record<string, TableSums> {
    return Object.fromEntries(
      this.#tables.map(({ name, gradient }) => [name, gradient.toDevice()]),
    );
  }
}

/** Adds the gradients of tables to the other gradients. Consumes both. */
export function joinTables(gradients: Parameters, tables: Record<string, TableSums>): Parameters {
  const joined = { ...gradients };
  for (const [name, sums] of Object.entries(tables)) {
    const through = spread(sums);
    const other = joined[name];
    joined[name] = other === undefined ? through : other.add(through);
  }
  return joined;
}
