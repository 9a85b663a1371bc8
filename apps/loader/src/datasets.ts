import { checkDataset, type Plan } from '@maskloom/loader';
import { type Dataset, openDataset } from '@maskloom/shards';

/** Reads folders from the command line, one at a time. */
export function folders(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

/** Finds the dataset of a plan among folders, each opened once. */
export class Datasets {
  readonly #folders: readonly string[];
  readonly #opened = new Map<string, Promise<Dataset>>();

  constructor(folders: readonly string[]) {
    this.#folders = folders;
  }

  /**
   * The dataset that a plan names.
   *
   * @throws {PlanError} with code `PLAN_DATASET` if none of the folders holds it, or it lacks what the plan needs.
   */
  async of(plan: Plan): Promise<Dataset> {
    let last: Dataset | undefined;
    for (const folder of this.#folders) {
      last = await this.#open(folder);
      if (last.digest === plan.datasets[0].digest) break;
    }
    // Names both where it is another.
    checkDataset(plan, last!);
    return last!;
  }

  #open(folder: string): Promise<Dataset> {
    let dataset = this.#opened.get(folder);
    if (dataset === undefined) {
      dataset = openDataset(folder);
      this.#opened.set(folder, dataset);
    }
    return dataset;
  }
}
