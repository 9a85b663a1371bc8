import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { isAllowedHost } from './allowed-host.ts';

Deno.test('a request by an address or a name of this machine is allowed, with any port', () => {
  for (const host of [
    ...['127.0.0.1', '127.0.0.1:8080', '192.168.1.20:80', '[::1]:8080', '[fe80::1]'],
    ...['localhost', 'LocalHost:9000', 'run.localhost:9000', 'gpu-box:8080', `${hostname()}:1`],
  ]) {
    assert.ok(isAllowedHost(host, 'GPU-box'), host);
  }
});

Deno.test('a request by another name is not', () => {
  for (const host of [
    ...[undefined, '', 'evil.example', 'evil.example:8080', 'localhost.evil.example'],
    ...['127.0.0.1.evil.example', 'notlocalhost', 'gpu-box.evil.example', 'a b', '::1'],
  ]) {
    assert.ok(!isAllowedHost(host, 'gpu-box'), String(host));
  }
});
