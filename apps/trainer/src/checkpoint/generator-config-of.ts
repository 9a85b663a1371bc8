import { type ModelConfig, modelConfig } from '../model/config.ts';
import { generatorConfig } from '../model/electra.ts';
import type { CheckpointState } from './state-file.ts';

/** The sizes of an ELECTRA's generator, of which the `config.json` of a checkpoint says nothing. */
export function generatorConfigOf({ run }: CheckpointState): ModelConfig {
  // What a run says of itself has all sizes of its model.
  return generatorConfig(modelConfig(run as unknown as ModelConfig));
}
