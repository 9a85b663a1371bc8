import type { Tables } from '../model/encoders/encoder.ts';
import type { LookupGradient } from '../model/model.ts';
import type { Parameters } from '../model/parameters.ts';
import { spread, TableGradient, type TableSums } from './table-gradient.ts';

/** Gradients of a model's tables, over the parts of a batch. */
export class TableGradients {
  readonly #tables: { by: keyof LookupGradient['batch']; name: string; gradient: TableGradient }[];

  constructor({ token, place, sentence }: Tables) {
    const specs = [
      { by: 'ids', spec: token },
      { by: 'places', spec: place },
      { by: 'sentences', spec: sentence },
    ] as const;
    this.#tables = specs.flatMap(({ by, spec }) => {
      if (spec === undefined) return [];
      const [rows, size] = spec.shape as readonly [number, number];
      return [{ by, name: spec.name, gradient: new TableGradient(rows, size) }];
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
