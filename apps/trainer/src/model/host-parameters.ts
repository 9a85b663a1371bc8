import { numpy as np } from '@jax-js/jax';
import type { HostTensors } from '../checkpoint/safetensors.ts';
import { TrainingError } from '../errors.ts';
import type { ParameterSpec, Parameters } from './parameters.ts';

/** Copies parameters from the device. */
export async function toHost(parameters: Parameters): Promise<HostTensors> {
  const host: HostTensors = {};
  for (const [name, tensor] of Object.entries(parameters)) {
    const data = (await tensor.ref.data()) as Float32Array<ArrayBuffer>;
    host[name] = { shape: [...tensor.shape], data };
  }
  return host;
}

/**
 * Copies a model's parameters to the device; tensors that are none of them are left out.
 *
 * @throws {TrainingError} if one is missing, or of another shape than the model's.
 */
export function toDevice(
  host: HostTensors,
  specs: readonly Pick<ParameterSpec, 'name' | 'shape'>[],
): Parameters {
  const parameters: Parameters = {};
  for (const { name, shape } of specs) {
    const found = host[name];
    if (found?.shape.join() !== shape.join()) {
      const what = found === undefined ? 'is missing' : `has the shape [${found.shape}]`;
      throw new TrainingError(
        'MODEL',
        `The parameter ${name} ${what}, expected [${shape}]: use ${modelWith(name)} of the same sizes`,
      );
    }
    parameters[name] = np.array(found.data, { shape: [...shape] });
  }
  return parameters;
}

/** An ELECTRA that is exported is two models, each without the other's parameters. */
function modelWith(name: string): string {
  const isOfGenerator = name.startsWith('generator.');
  return isOfGenerator
    ? 'the checkpoint of an ELECTRA, which no export is,'
    : 'the checkpoint of a model';
}
