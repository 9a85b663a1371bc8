import { openDevice } from '../device.ts';
import { TrainingError } from '../errors.ts';
import { run } from '../training/run.ts';
import { silentLog } from '../watch/log.ts';
import { silentProgress } from '../watch/progress.ts';
import type { RankEnd, RankStart } from './run-ranks.ts';
import { sharedPeers } from './shared-peers.ts';

/** Trains along as a rank other than the first. */
export async function runRank(
  { options, memory, rank, device }: RankStart,
  stop: AbortSignal,
): Promise<RankEnd> {
  const peers = sharedPeers(memory, rank);
  try {
    await run(options, {
      ...(await openDevice(device)),
      ...{ peers, stop },
      watch: async () => ({ log: silentLog, progress: silentProgress }),
      tell() {},
    });
    return {};
  } catch (error) {
    peers.fail();
    const message = error instanceof Error ? error.message : String(error);
    return { message, ...(error instanceof TrainingError ? { code: error.code } : {}) };
  }
}
