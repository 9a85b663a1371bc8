import { useDevice } from '../device.ts';
import { TrainingError } from '../errors.ts';
import { run } from '../training/run.ts';
import type { RankEnd, RankStart } from './run-ranks.ts';
import { sharedPeers } from './shared-peers.ts';

/** Trains along as a rank other than the first. */
export async function runRank({ options, memory, rank, device }: RankStart): Promise<RankEnd> {
  const peers = sharedPeers(memory, rank);
  let gpuError: TrainingError | undefined;
  try {
    const chosen = await useDevice(device, (error) => {
      gpuError ??= error;
    });
    await run(options, {
      device: chosen,
      peers,
      watch: async () => ({
        log: { write() {}, close() {} },
        progress: { update() {}, line() {}, stop() {} },
      }),
      tell() {},
      check() {
        if (gpuError !== undefined) throw gpuError;
      },
    });
    return {};
  } catch (error) {
    peers.fail();
    const message = error instanceof Error ? error.message : String(error);
    return { message, ...(error instanceof TrainingError ? { code: error.code } : {}) };
  }
}
