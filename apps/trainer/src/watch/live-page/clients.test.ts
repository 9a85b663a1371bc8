import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Clients, createClients } from './clients.ts';

interface Served {
  readonly clients: Clients;
  /** The newest event, and how often it was asked for. */
  readonly state: { newest: string; asked: number };
  /** The responses so far, in the order of the requests. */
  readonly responses: ServerResponse[];
  /** Connects and asks for events. */
  ask(): Promise<Socket>;
}

async function serve(test: (served: Served) => Promise<void>, patience?: number): Promise<void> {
  const state = { newest: 'data: first\n\n', asked: 0 };
  const clients = createClients(() => {
    state.asked++;
    return state.newest;
  }, patience);
  const responses: ServerResponse[] = [];
  const server = createServer((_, response) => {
    responses.push(response);
    clients.add(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sockets: Socket[] = [];
  const ask = async (): Promise<Socket> => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    sockets.push(socket);
    const count = responses.length;
    socket.write('GET /events HTTP/1.1\r\nhost: localhost\r\n\r\n');
    while (responses.length === count) await sleep(1);
    return socket;
  };
  try {
    await test({ clients, state, responses, ask });
  } finally {
    await clients.end();
    for (const socket of sockets) socket.destroy();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
}

/** Reads until some text has come. */
async function readUntil(socket: Socket, text: string): Promise<void> {
  let all = '';
  await new Promise<void>((resolve) => {
    socket.setEncoding('utf8').on('data', (part: string) => {
      all += part;
      if (all.includes(text)) resolve();
    });
    socket.resume();
  });
  socket.removeAllListeners('data');
}

Deno.test('each client gets the event as it stands at once, and each that is sent', () =>
  serve(async ({ clients, state, ask }) => {
    const sockets = [await ask(), await ask(), await ask()];
    await Promise.all(sockets.map((socket) => readUntil(socket, 'data: first\n\n')));
    state.newest = 'data: second\n\n';
    clients.send();
    await Promise.all(sockets.map((socket) => readUntil(socket, 'data: second\n\n')));
  }));

Deno.test('a client that reads nothing is sent no more than it takes, and later the newest', () =>
  serve(async ({ clients, state, responses, ask }) => {
    const slow = await ask();
    slow.pause();
    const [response] = responses;
    const size = 100_000;
    const padding = `: ${'x'.repeat(size)}\n`;
    for (let count = 0; count < 500; count++) {
      state.newest = `${padding}data: ${count}.\n\n`;
      clients.send();
      await sleep(0);
      assert.ok(response!.writableLength < 2 * size);
    }
    await readUntil(slow, 'data: 499.\n\n');
  }));

Deno.test('a client that takes nothing for too long is dropped', () =>
  serve(async ({ clients, state, responses, ask }) => {
    (await ask()).pause();
    state.newest = `: ${'x'.repeat(20_000_000)}\n\n`;
    clients.send();
    assert.equal(responses[0]!.destroyed, false);
    clients.send();
    assert.equal(responses[0]!.destroyed, true);
  }, 0));

Deno.test('a client that went away is forgotten', () =>
  serve(async ({ clients, state, responses, ask }) => {
    const socket = await ask();
    const gone = once(responses[0]!, 'close');
    socket.destroy();
    await gone;
    const { asked } = state;
    clients.send();
    assert.equal(state.asked, asked);
  }));
