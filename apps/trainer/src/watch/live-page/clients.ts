import type { ServerResponse } from 'node:http';

/** Those who follow the page by server-sent events. */
export interface Clients {
  /** Answers a request with events from now on, the first one at once. */
  add(response: ServerResponse): void;
  /** Sends the newest event to all; to one that has not taken the last yet, once it has. */
  send(): void;
  /** Sends the newest event to those that take it at once, and ends all; resolves once it is under way. */
  end(): Promise<void>;
}

/**
 * @param newest the newest event, in the format of server-sent events
 * @param patience milliseconds that a client may take for an event before it is dropped
 */
export function createClients(newest: () => string, patience = 60_000): Clients {
  const clients = new Map<ServerResponse, Client>();
  return {
    add(response) {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      response.once('close', () => clients.delete(response));
      // Who went away is told of by 'close'.
      response.on('error', () => {});
      const client = createClient(response, newest, patience);
      clients.set(response, client);
      client.send();
    },
    send() {
      for (const client of clients.values()) client.send();
    },
    async end() {
      await Promise.all(Array.from(clients.values(), (client) => client.end()));
    },
  };
}

interface Client {
  send(): void;
  end(): Promise<void>;
}

function createClient(response: ServerResponse, newest: () => string, patience: number): Client {
  /** Since when an event waits to be taken. */
  let busySince: number | undefined;
  let isBehind = false;

  function write(): void {
    isBehind = false;
    if (!response.write(newest())) busySince = performance.now();
  }

  response.on('drain', () => {
    busySince = undefined;
    if (isBehind) write();
  });
  return {
    send() {
      if (busySince === undefined) return write();
      isBehind = true;
      if (performance.now() - busySince >= patience) response.destroy();
    },
    end() {
      return new Promise((resolve) => {
        response.once('close', resolve);
        if (busySince === undefined) response.end(newest(), resolve);
        else response.destroy();
      });
    },
  };
}
