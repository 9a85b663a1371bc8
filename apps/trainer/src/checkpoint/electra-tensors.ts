import type { HostTensors } from './safetensors.ts';

const prefix = 'generator.';
/** Where the names of the tables begin, which the generator shares with the discriminator. */
const shared = 'electra.embeddings.';

/** Which models of an ELECTRA tensors are of: a checkpoint has both. */
export function electraPartOf(tensors: HostTensors): 'both' | 'generator' | 'discriminator' {
  if (Object.keys(tensors).some((name) => name.startsWith(prefix))) return 'both';
  return 'generator_lm_head.bias' in tensors ? 'generator' : 'discriminator';
}

/** Of an ELECTRA's tensors those of the generator, by the names of Hugging Face's ElectraForMaskedLM. */
export function generatorTensors(model: HostTensors): HostTensors {
  const named = Object.entries(model).flatMap(([name, tensor]) => {
    if (name.startsWith(prefix)) return [[name.slice(prefix.length), tensor] as const];
    return name.startsWith(shared) ? [[name, tensor] as const] : [];
  });
  return Object.fromEntries(named);
}

/** Of an ELECTRA's tensors those of the discriminator. */
export function discriminatorTensors(model: HostTensors): HostTensors {
  return Object.fromEntries(Object.entries(model).filter(([name]) => !name.startsWith(prefix)));
}
