import { tree } from '@jax-js/jax';
import type { Parameters } from './parameters.ts';
import type { Tensor } from './tensor.ts';

/** Parameters in use: each is handed out as often as asked for, and all are let go of once. */
export class Weights {
  readonly #parameters: Parameters;

  /** Takes the parameters over. */
  constructor(parameters: Parameters) {
    this.#parameters = parameters;
  }

  get(name: string): Tensor {
    const found = this.#parameters[name];
    if (found === undefined) throw new Error(`There is no parameter ${name}`);
    return found.ref;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#parameters, name);
  }

  dispose(): void {
    tree.dispose(this.#parameters);
  }
}
