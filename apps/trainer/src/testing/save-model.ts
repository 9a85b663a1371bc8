import { openCheckpoints } from '../checkpoint/checkpoints.ts';
import { huggingFaceConfig } from '../checkpoint/hugging-face-config.ts';
import type { HostTensors } from '../checkpoint/safetensors.ts';
import { type ModelConfig, modelConfig } from '../model/config.ts';
import { createModel } from '../model/models.ts';
import { type ParameterSpec, sizeOf } from '../model/parameters.ts';
import { checkpointContent } from './checkpoint-content.ts';
import { tiny } from './tiny.ts';

/** Saves a checkpoint of a tiny model that knows nothing, and gives its folder. */
export async function saveModel(folder: string, given: Partial<ModelConfig>): Promise<string> {
  const config = modelConfig({ ...tiny, ...given });
  const checkpoints = await openCheckpoints(folder, { keep: 1 });
  const content = checkpointContent(1);
  return await checkpoints.save({
    ...content,
    state: { ...content.state, run: { ...config } },
    model: tensorsOf(createModel(config).specs),
    config: huggingFaceConfig(config, { padId: 0 }),
  });
}

/** Values that tell tensors apart. */
function tensorsOf(specs: readonly ParameterSpec[]): HostTensors {
  const entries = specs.map(({ name, shape }, tensor) => {
    const data = Float32Array.from(
      { length: sizeOf(shape) },
      (_, index) => tensor + Math.sin(index),
    );
    return [name, { shape, data }] as const;
  });
  return Object.fromEntries(entries);
}
