/** @file The sidecar of a run in stages: each stage is served below a path of its own, as its plan alone would be. */
import type { ServerResponse } from 'node:http';
import { type Stages, stagesId } from '@maskloom/loader';
import {
  answer,
  type ListenOptions,
  type ServedPlan,
  type Sidecar,
  sendError,
  sendJson,
  sendMetrics,
  startServer,
} from './server.ts';

/** Options of {@linkcode serveStages}. */
export interface StagesSidecarOptions extends ListenOptions {
  readonly stages: Stages;
  /** Opens the loader of a stage, when it is first asked for. */
  readonly open: (stage: number) => Promise<ServedPlan>;
}

/**
 * Starts a sidecar of a run in stages. Of the stages that nothing is asked of, the last two stay open, so that a
 * client that looks at the next one a little before it is due does not wait for it.
 */
export async function serveStages(options: StagesSidecarOptions): Promise<Sidecar> {
  const { stages, open } = options;
  const id = stagesId(stages);
  const plans = new OpenPlans(open);
  const sidecar = await startServer(options, async (url, response) => {
    const [, stage, path] = /^\/stages\/([0-9]{1,4})(\/.*)$/.exec(url.pathname) ?? [];
    if (url.pathname === '/metrics') return sendMetrics(options, response);
    if (path === undefined) return answerStages(id, stages, url, response);
    if (Number(stage) >= stages.stages.length) {
      const most = stages.stages.length - 1;
      return sendError(response, 404, 'STAGE', `There is no stage ${stage}, only 0 to ${most}`);
    }
    const inStage = new URL(`${path}${url.search}`, url);
    await plans.with(Number(stage), (served) =>
      answer({ ...options, ...served }, inStage, response),
    );
  });
  const close = async () => {
    await sidecar.close();
    await plans.close();
  };
  return { url: sidecar.url, close };
}

function answerStages(id: string, stages: Stages, url: URL, response: ServerResponse): void {
  switch (url.pathname) {
    case '/healthz':
      sendJson(response, 200, { status: 'ok', stages: id });
      break;
    case '/stages':
      sendJson(response, 200, { id, stages });
      break;
    default: {
      const served =
        'only /healthz, /metrics, /stages and, below /stages/0 and so on, what is served of a plan';
      sendError(response, 404, 'PATH', `${url.pathname} is not served here, ${served}`);
    }
  }
}

/** So many plans stay open when nothing is asked of them: a stage, and the next. */
const mostIdle = 2;

/** The plans of stages, open while they are asked for; of those that are not, the last ones. */
class OpenPlans {
  readonly #open: (stage: number) => Promise<ServedPlan>;
  /** In the order of their last request. */
  readonly #plans = new Map<number, { readonly plan: Promise<ServedPlan>; requests: number }>();

  constructor(open: (stage: number) => Promise<ServedPlan>) {
    this.#open = open;
  }

  /** Gives a stage's plan to an action, and keeps it open until that has ended. */
  async with(stage: number, action: (plan: ServedPlan) => Promise<void>): Promise<void> {
    const entry = this.#plans.get(stage) ?? { plan: this.#open(stage), requests: 0 };
    this.#plans.delete(stage);
    this.#plans.set(stage, entry);
    entry.requests++;
    try {
      await action(await entry.plan);
    } catch (error) {
      // One that could not be opened is tried again by the next request.
      if ((await isRejected(entry.plan)) && this.#plans.get(stage) === entry) {
        this.#plans.delete(stage);
      }
      throw error;
    } finally {
      entry.requests--;
      await this.#closeIdle();
    }
  }

  async close(): Promise<void> {
    const open = [...this.#plans.values()];
    this.#plans.clear();
    await Promise.all(open.map(({ plan }) => closePlan(plan)));
  }

  async #closeIdle(): Promise<void> {
    const idle = [...this.#plans].filter(([, { requests }]) => requests === 0);
    for (const [stage, { plan }] of idle.slice(0, Math.max(0, idle.length - mostIdle))) {
      this.#plans.delete(stage);
      await closePlan(plan);
    }
  }
}

function isRejected(promise: Promise<unknown>): Promise<boolean> {
  return promise.then(
    () => false,
    () => true,
  );
}

async function closePlan(plan: Promise<ServedPlan>): Promise<void> {
  const { loader } = (await plan.catch(() => undefined)) ?? {};
  await loader?.close();
}
