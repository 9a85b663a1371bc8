/** A token that a model would put. */
export interface Candidate {
  readonly id: number;
  /** From 0 to 1. */
  readonly probability: number;
}

/** The most probable tokens, best first; of equals the lower id. */
export function candidates(logits: Float32Array, count: number): Candidate[] {
  const largest = logits.reduce((most, logit) => Math.max(most, logit), -Infinity);
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - largest), 0);
  const order = [...logits.keys()].sort((a, b) => logits[b]! - logits[a]! || a - b);
  return order.slice(0, count).map((id) => ({
    id,
    probability: Math.exp(logits[id]! - largest) / sum,
  }));
}
