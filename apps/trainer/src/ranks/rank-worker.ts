/** @file The thread of a rank other than the first: it trains along, and tells nothing but how it ended. */
import { useDevice } from '../device.ts';
import { TrainingError } from '../errors.ts';
import { run } from '../training/run.ts';
import type { RankEnd, RankStart } from './run-ranks.ts';
import { sharedPeers } from './shared-peers.ts';

self.onmessage = async ({ data }: MessageEvent<RankStart>) => {
  const { options, memory, rank, device, threads } = data;
  const peers = sharedPeers(memory, rank);
  let gpuError: TrainingError | undefined;
  let end: RankEnd = {};
  try {
    const chosen = await useDevice(
      device,
      (error) => {
        gpuError ??= error;
      },
      threads,
    );
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
  } catch (error) {
    peers.fail();
    const message = error instanceof Error ? error.message : String(error);
    end = { message, ...(error instanceof TrainingError ? { code: error.code } : {}) };
  }
  self.postMessage(end);
};
