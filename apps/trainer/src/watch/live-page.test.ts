import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { events } from '../testing/events.ts';
import { openLivePage } from './live-page.ts';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

function ask(
  url: string,
  options: { method?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { ...options, agent: false }, async (response) => {
      let text = '';
      for await (const part of response.setEncoding('utf8')) text += part;
      resolve({ status: response.statusCode!, headers: response.headers, text });
    });
    asked.on('error', reject).end();
  });
}

type Page = Awaited<ReturnType<typeof openLivePage>>;

async function withPage(test: (page: Page) => Promise<void>): Promise<void> {
  const page = await openLivePage({ port: 0 });
  try {
    await test(page);
  } finally {
    page.close();
  }
}

Deno.test('the page is one document that loads nothing from elsewhere', () =>
  withPage(async (page) => {
    page.write(events.start());
    const { status, headers, text } = await ask(page.url);
    assert.equal(status, 200);
    assert.match(text, /^<!doctype html>/);
    assert.doesNotMatch(text, /\bsrc=|@import|<link(?! rel="icon" href="data:)/);
    assert.match(String(headers['content-security-policy']), /^default-src 'none';/);
  }));

Deno.test('a step that computes does not keep readers waiting', () =>
  withPage(async (page) => {
    page.write(events.start({ planId: 'ef'.repeat(32) }));
    const script = `console.log(await (await fetch('${page.url}')).text())`;
    // Until the other process has its answer, this thread does nothing else.
    const { code, stdout } = new Deno.Command(Deno.execPath(), {
      args: ['eval', script],
    }).outputSync();
    assert.equal(code, 0);
    assert.match(new TextDecoder().decode(stdout), /efefefef/);
  }));

Deno.test('a request by a name that is not of this machine is refused', () =>
  withPage(async (page) => {
    page.write(events.start());
    for (const path of ['/', '/events', '/metrics']) {
      const { status, text } = await ask(`${page.url}${path}`, {
        headers: { host: 'evil.example' },
      });
      assert.equal(status, 421);
      assert.match(text, /^This page is not served as evil\.example: open it by /);
    }
  }));

Deno.test('what is not served is refused', () =>
  withPage(async (page) => {
    assert.equal((await ask(`${page.url}/else`)).status, 404);
    assert.equal((await ask(page.url, { method: 'POST' })).status, 405);
  }));

Deno.test('/metrics tells the figures in the format of Prometheus', () =>
  withPage(async (page) => {
    assert.equal((await ask(`${page.url}/metrics`)).text, '');
    page.write(events.start());
    page.write(events.step(0, 9));
    page.write(events.step(1, 8));
    page.write(events.eval(2, 8.5));
    const { headers, text } = await ask(`${page.url}/metrics`);
    assert.equal(headers['content-type'], 'text/plain; version=0.0.4');
    const values = text.split('\n').filter((line) => !line.startsWith('#'));
    assert.deepEqual(values, [
      'maskloom_train_steps 100',
      'maskloom_train_steps_done 2',
      'maskloom_train_tokens_total 2000',
      'maskloom_train_step_seconds_total 1',
      'maskloom_train_waiting_seconds_total 0.1',
      'maskloom_train_loss 8',
      'maskloom_train_learning_rate 0.001',
      'maskloom_train_gradient_norm 2',
      'maskloom_train_eval_loss 8.5',
      'maskloom_train_eval_accuracy 0.25',
      '',
    ]);
    const names = [...text.matchAll(/^# (HELP|TYPE) (\w+) /gm)].map(([, , name]) => name);
    assert.deepEqual(
      new Set(names),
      new Set(values.slice(0, -1).map((line) => line.split(' ')[0])),
    );
  }));

Deno.test('close() sends the last figures and ends the connections', async () => {
  const page = await openLivePage({ port: 0 });
  page.write(events.start());
  const response = await fetch(`${page.url}/events`);
  const reader = response.body!.getReader();
  const first = await reader.read();
  page.write(events.step(0, 7.125));
  page.write(events.end(1));
  page.close();
  let text = new TextDecoder().decode(first.value);
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    text += new TextDecoder().decode(value);
  }
  const last = text.slice(text.lastIndexOf('event: views'));
  assert.match(last, /7\.125/);
  assert.match(last, /"state":"finished"/);
  await assert.rejects(ask(page.url), { code: 'ECONNREFUSED' });
  page.write(events.step(1, 7));
  page.close();
});

Deno.test('a port that is in use ends in an error that says what to do', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { port } = server.address() as AddressInfo;
    await assert.rejects(openLivePage({ port }), {
      name: 'TrainingError',
      code: 'LIVE',
      message: `Port ${port} of 127.0.0.1 is in use: give --live another port, or 0 for any that is free`,
    });
  } finally {
    server.close();
  }
});

Deno.test('a host or port that is none is refused', async () => {
  for (const port of [-1, 1.5, 65_536, Number.NaN]) {
    await assert.rejects(openLivePage({ port }), {
      code: 'LIVE',
      message: /^The live page has the port /,
    });
  }
  await assert.rejects(openLivePage({ host: ' ', port: 0 }), { code: 'LIVE' });
  // An address that no machine has: TEST-NET-1 of RFC 5737.
  await assert.rejects(openLivePage({ host: '192.0.2.1', port: 0 }), {
    code: 'LIVE',
    message: /^Cannot serve the live page at port 0 of 192\.0\.2\.1 \(.+\): give --live /,
  });
});
