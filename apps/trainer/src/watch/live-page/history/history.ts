import type { LogEvent, LogEventOf } from '../../log.ts';
import { createTimeLeft } from '../../time-left.ts';
import { createSeries } from './series.ts';
import { joinSpans, type StepSpan, spanOf } from './step-span.ts';

/** What the page knows of a run. */
export interface Run {
  readonly start: LogEventOf<'start'>;
  /** Steps done. */
  readonly done: number;
  readonly secondsLeft: number | undefined;
  /** All steps since the start, the older ones several to a span where there are many. */
  readonly spans: readonly StepSpan[];
  /** All of them in one. */
  readonly total: StepSpan | undefined;
  /** The latest steps in one, and the last of them. */
  readonly recent: StepSpan | undefined;
  readonly lastStep: LogEventOf<'step'> | undefined;
  /** Where there are many, not all of them; the last one always. */
  readonly evaluations: readonly LogEventOf<'eval'>[];
  readonly best: LogEventOf<'eval'> | undefined;
  readonly checkpoint: LogEventOf<'checkpoint'> | undefined;
  readonly end: LogEventOf<'end'> | undefined;
}

/** Remembers a run, in bounded memory. */
export interface History {
  write(event: LogEvent): void;
  /** The run as far as it is; undefined before it starts. */
  run(): Run | undefined;
}

/** Most points of a line: about as many as a screen shows. */
const capacity = 1024;
/** Steps that the latest figures are the means of. */
const recentSteps = 20;

export function createHistory(): History {
  let current: RunHistory | undefined;
  return {
    write(event) {
      if (event.type === 'start') current = createRun(event);
      else current?.write(event);
    },
    run: () => current?.run(),
  };
}

interface RunHistory extends History {
  run(): Run;
}

function createRun(start: LogEventOf<'start'>): RunHistory {
  const timeLeft = createTimeLeft(start.steps);
  const spans = createSeries(capacity, joinSpans);
  const evaluations = createSeries<LogEventOf<'eval'>>(capacity, (_, newer) => newer);
  let total: StepSpan | undefined;
  let recent: LogEventOf<'step'>[] = [];
  let best: LogEventOf<'eval'> | undefined;
  let checkpoint: LogEventOf<'checkpoint'> | undefined;
  let end: LogEventOf<'end'> | undefined;

  function addStep(event: LogEventOf<'step'>): void {
    timeLeft.update(event.step + 1);
    const span = spanOf(event);
    spans.add(span);
    total = total === undefined ? span : joinSpans(total, span);
    recent = [...recent, event].slice(-recentSteps);
  }

  return {
    write(event: LogEvent): void {
      if (event.type === 'step') addStep(event);
      else if (event.type === 'eval') {
        evaluations.add(event);
        if (event.isBest) best = event;
      } else if (event.type === 'checkpoint') checkpoint = event;
      else if (event.type === 'end') end = event;
    },
    run(): Run {
      const lastStep = recent.at(-1);
      return {
        start,
        done: lastStep === undefined ? start.step : lastStep.step + 1,
        secondsLeft: end === undefined ? timeLeft.seconds() : undefined,
        spans: spans.items(),
        total,
        recent: recent.length === 0 ? undefined : recent.map(spanOf).reduce(joinSpans),
        lastStep,
        evaluations: evaluations.items(),
        best,
        checkpoint,
        end,
      };
    },
  };
}
