import type { Run } from './history/history.ts';

/** Figures of a run in the text format of Prometheus, version 0.0.4. */
export function prometheusText(run: Run | undefined): string {
  if (run === undefined) return '';
  const { start, done, total, lastStep, evaluations } = run;
  const evaluation = evaluations.at(-1);
  const metrics: Metric[] = [
    ['steps', 'gauge', 'Steps that the run will have.', start.steps],
    ['steps_done', 'gauge', 'Steps done.', done],
    ['tokens_total', 'counter', 'Tokens trained on, without padding.', total?.tokens],
    ['step_seconds_total', 'counter', 'Time spent in steps.', total?.seconds],
    ['waiting_seconds_total', 'counter', 'Time spent waiting for batches.', total?.waiting],
    ['loss', 'gauge', 'Training loss of the last step, in nats.', lastStep?.loss],
    ['learning_rate', 'gauge', 'Learning rate of the last step.', lastStep?.lr],
    ['gradient_norm', 'gauge', 'Norm of the last gradient, unclipped.', lastStep?.gradientNorm],
    ['eval_loss', 'gauge', 'Held-out loss, in nats.', evaluation?.loss],
    ['eval_accuracy', 'gauge', 'Share of the held-out masked tokens right.', evaluation?.accuracy],
  ];
  return metrics.flatMap(metricLines).join('');
}

type Metric = readonly [
  name: string,
  type: 'gauge' | 'counter',
  help: string,
  value: number | undefined,
];

function metricLines([name, type, help, value]: Metric): string[] {
  if (value === undefined) return [];
  const full = `maskloom_train_${name}`;
  return [`# HELP ${full} ${help}\n`, `# TYPE ${full} ${type}\n`, `${full} ${value}\n`];
}
