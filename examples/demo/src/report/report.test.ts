import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compare, type Report, reportHtml, writeReport } from './report.ts';

const sentence = [
  { epoch: 0, tokens: [{ text: '<i>', shown: '[MASK]', action: 'mask' as const }] },
];
const report: Report = {
  text: { title: 'A & B', documents: 2, bytes: 3_100_000 },
  seed: '42',
  batch: 8,
  workers: 2,
  rate: 0.15,
  planId: 'ab'.repeat(32),
  log: {
    start: {
      type: 'start',
      device: 'wasm',
      deviceReason: 'no <adapter>',
      parameters: 1234,
      vocab: 8192,
      planId: 'ab'.repeat(32),
    },
    steps: [9, 8, 7].map((loss, step) => ({
      type: 'step',
      ...{ step, loss, masked: 150, tokens: 1024, seconds: 0.5, waiting: 0.05 },
    })),
    evaluations: [{ type: 'eval', step: 3, loss: 7.5, accuracy: 0.07 }],
    end: { type: 'end', steps: 3, digest: 'cd'.repeat(32), seconds: 2 },
  },
  unigram: { tokens: 1000, entropy: 6.25 },
  share: { tokens: 1000, mask: 120, random: 15, keep: 15 },
  dynamic: sentence,
  static: sentence,
};

test('the report tells the figures of the run', () => {
  const html = reportHtml(report);
  for (const text of [
    'ln V = 9.01: all 8,192 ids alike',
    'unigram entropy = 6.25: token counts alone',
    'held out after 3 steps: 7.500',
    'ab'.repeat(32),
    'cd'.repeat(32),
    '15.0\u00a0%</strong>, asked for 15.0\u00a0%',
    'masked 80.0\u00a0%',
    '10.0\u00a0% of the training time',
    '0.50 s (median)',
  ]) {
    expect(html).toContain(text);
  }
});

test('the report escapes what it did not write and needs no other resource', () => {
  const html = reportHtml(report);
  expect(html).toContain('A &amp; B');
  expect(html).toContain('no &lt;adapter&gt;');
  expect(html).not.toContain('<i>');
  expect(html).not.toMatch(/\b(src|href)=|url\(|@import|<script/);
  expect(html).not.toMatch(/NaN|undefined|Infinity/);
});

test('a report of one step, without evaluation, and of masks that selected nothing is whole too', () => {
  const html = reportHtml({
    ...report,
    log: { ...report.log, steps: report.log.steps.slice(0, 1), evaluations: [] },
    share: { tokens: 1000, mask: 0, random: 0, keep: 0 },
  });
  expect(html).not.toMatch(/NaN|undefined|Infinity/);
});

test('writeReport() leaves the report and nothing else', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'maskloom-report-'));
  try {
    const path = join(folder, 'report.html');
    await writeReport(path, report);
    await writeReport(path, report);
    expect(await readdir(folder)).toEqual(['report.html']);
    expect(await readFile(path, 'utf8')).toBe(reportHtml(report));
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('compare() says on which side of the entropy a loss is', () => {
  expect(compare(6.3, 6)).toBe('5.0\u00a0% above it');
  expect(compare(5.7, 6)).toBe('5.0\u00a0% below it');
});
