import { checkDatasets, type Plan } from '@maskloom/loader';
import { type Dataset, openDataset } from '@maskloom/shards';
import { path } from './options.ts';

/** A dataset's folder, and how often a mixture draws from it. */
export interface WeightedFolder {
  readonly folder: string;
  readonly weight: number | undefined;
}

/** Reads folders with weights, one at a time, such as `data/wiki` or, in a mixture, `data/wiki=3`. */
export function weightedFolders(
  text: string,
  before: readonly WeightedFolder[] = [],
): readonly WeightedFolder[] {
  const [, folder = text, weight] = /^(.+)=([0-9]{1,5})$/.exec(text) ?? [];
  return [
    ...before,
    { folder: path(folder), weight: weight === undefined ? undefined : Number(weight) },
  ];
}

/** Finds the datasets of plans among folders, each opened once. */
export class Datasets {
  readonly #folders: readonly string[];
  readonly #memory: number | undefined;
  readonly #opened = new Map<string, Promise<Dataset>>();

  /**
   * @param folders at least one
   * @param memory most bytes that they take together, in equal parts; default no limit
   */
  constructor(folders: readonly string[], memory?: number) {
    this.#folders = folders;
    this.#memory = memory === undefined ? undefined : Math.floor(memory / folders.length);
  }

  /**
   * The datasets that a plan names, in its order, wherever they stand among the folders.
   *
   * @throws {PlanError} with code `PLAN_DATASET` if none of the folders holds one of them, or it lacks what the plan needs.
   */
  async of(plan: Plan): Promise<readonly Dataset[]> {
    const found: Dataset[] = [];
    for (const { digest } of plan.datasets) found.push(await this.#find(digest));
    checkDatasets(plan, found);
    return found;
  }

  /** Those of all folders, in their order. */
  all(): Promise<readonly Dataset[]> {
    return Promise.all(this.#folders.map((folder) => this.#open(folder)));
  }

  /** The dataset of a digest, or else the last there is, whose check then names both. */
  async #find(digest: string): Promise<Dataset> {
    let dataset: Dataset | undefined;
    for (const folder of this.#folders) {
      dataset = await this.#open(folder);
      if (dataset.digest === digest) break;
    }
    return dataset!;
  }

  #open(folder: string): Promise<Dataset> {
    let dataset = this.#opened.get(folder);
    if (dataset === undefined) {
      dataset = openDataset(folder, { memory: this.#memory });
      this.#opened.set(folder, dataset);
    }
    return dataset;
  }
}
