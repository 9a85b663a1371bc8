import { connect } from '@maskloom/client';

/** Batches that are read before the time is taken. */
const warmUp = 200;

/** Milliseconds that a batch costs whoever reads a sidecar's plan as fast as it comes: the median of several rounds. */
export async function loaderCost(url: string, batches: number, rounds = 5): Promise<number> {
  const client = await connect(url);
  const costs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    let began = 0;
    let read = 0;
    const steps = warmUp + batches;
    for await (const _ of client.batches({ steps, layout: 'compact' })) {
      if (++read === warmUp) began = performance.now();
    }
    costs.push((performance.now() - began) / batches);
  }
  return costs.sort((a, b) => a - b)[Math.floor(rounds / 2)]!;
}
