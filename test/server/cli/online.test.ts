// `config check --online`: one line for each thing that a configuration names, over real sockets, and exit code 1 when one is not there.

import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { configFile } from '../../support/config-file.ts';
import { type FakeProvider, startProvider } from '../../support/provider.ts';
import { runCommand } from '../../support/served.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const ends: (() => unknown)[] = [];
let provider: FakeProvider;

beforeAll(async () => {
  provider = await startProvider({
    onUpgrade({ headers, url = '' }, socket) {
      const isRight = headers.authorization === 'Bearer right-key' || url.includes('key=right-key');
      if (!isRight) socket.end('HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n');
      return !isRight;
    },
  });
});
afterAll(async () => {
  await provider.close();
  for (const end of ends) end();
});

/** An LLM endpoint; resolves with its base URL. */
async function endpoint(answer: RequestListener): Promise<string> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => answer(request, response));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(() => server.close().closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
}

async function check(config: object, data = temporaryFolder('online')) {
  const file = configFile({ rehearsal: false, ...config });
  const command = runCommand(['config', 'check', '--online', '--config', file, '--data', data]);
  const { code } = await command.exited;
  const lines = command.stdout().split('\n');
  return { code, lines: lines.filter((line) => /^(ok|failed) /.test(line)), stderr: command.stderr() };
}

const account = (apiKey: string, baseUrl = provider.url) => ({ apiKey, baseUrl, allowPrivate: true });

test('an account with a tokenCommand is asked with what that gives, and one whose command fails says so', async () => {
  const commanded = (script: string) => ({
    ...{ kind: 'openai', baseUrl: provider.url, allowPrivate: true },
    tokenCommand: [process.execPath, '-e', script],
  });
  const providers = {
    right: commanded('process.stdout.write("right-key")'),
    wrong: commanded('process.stdout.write("wrong-key")'),
    none: commanded('process.exit(3)'),
  };
  const { code, lines } = await check({ providers });
  expect(code).toBe(1);
  expect(lines.slice(1)).toEqual([
    'ok      providers.right: a session opens',
    'failed  providers.wrong: the credential is refused (HTTP 401)',
    'failed  providers.none: no credential: it ended with exit code 3',
  ]);
});

test('what is there is ok, and nothing is made: exit code 0', async () => {
  const seen: string[] = [];
  const listed = await endpoint(({ method, url, headers }, response) => {
    seen.push(`${method} ${url} ${headers.authorization}`);
    response.end('{"data":[]}');
  });
  const unlisted = await endpoint(({ url }, response) => {
    response.writeHead(url === '/v1/chat/completions' ? 400 : 404).end('{}');
  });
  const { code, lines } = await check({
    providers: { openai: account('right-key'), gemini: account('client') },
    gateways: {
      one: { profile: 'litellm', ...account('key-1', listed) },
      two: { profile: 'openai-compatible', ...account('key-2', unlisted) },
    },
  });
  expect(lines).toEqual([
    expect.stringMatching(/^ok {6}store: it is made in \S+ at the first start$/),
    'ok      providers.openai: a session opens',
    'ok      providers.gemini: it answers; clients bring the credential',
    'ok      gateways.one: it answers (HTTP 200)',
    'ok      gateways.two: it takes calls',
  ]);
  expect([code, seen]).toEqual([0, ['GET /v1/models Bearer key-1']]);
});

test('what is not there, or refuses its credential, has failed, and says why: exit code 1', async () => {
  const refusing = await endpoint((_, response) => void response.writeHead(401).end('wrong key: key-1'));
  const elsewhere = await endpoint((_, response) => void response.writeHead(404).end());
  const data = temporaryFolder('online');
  mkdirSync(join(data, 'trunkline.db'));
  const { code, lines, stderr } = await check(
    {
      providers: { openai: account('wrong-key'), deepgram: account('k', 'ws://127.0.0.1:9') },
      gateways: {
        one: { profile: 'litellm', ...account('key-1', refusing) },
        two: { profile: 'openai-compatible', ...account('key-2', elsewhere) },
      },
    },
    data,
  );
  expect(lines).toEqual([
    expect.stringMatching(/^failed {2}store: the store \S+trunkline\.db cannot be opened/),
    'failed  providers.openai: the credential is refused (HTTP 401)',
    'failed  providers.deepgram: no connection (ECONNREFUSED)',
    'failed  gateways.one: the credential is refused (HTTP 401)',
    'failed  gateways.two: there is no /v1/chat/completions (HTTP 404): is its baseUrl right?',
  ]);
  expect([code, `${lines}${stderr}`]).toEqual([1, expect.not.stringContaining('key-1')]);
});

test('a catalogue that a pattern needs is fetched, and said to be there or not', async () => {
  let status = 200;
  const baseUrl = await endpoint(({ url = '' }, response) => {
    response.writeHead(url.endsWith('/key') ? 200 : status);
    response.end(JSON.stringify({ data: [{ id: 'a', pricing: { prompt: '0', completion: '0' } }, { id: 'b' }] }));
  });
  const config = {
    gateways: { router: { profile: 'openrouter', ...account('k', baseUrl) } },
    classes: { open: { targets: [{ gateway: 'router', model: '*' }] } },
  };
  const well = await check(config);
  expect(well.lines.find((line) => line.includes('router'))).toMatch(
    /^ok .*it answers \(HTTP 200\); its catalogue has 2 models, 1 with prices$/,
  );
  status = 503;
  const ill = await check(config);
  expect(ill.code).toBe(1);
  expect(ill.lines.find((line) => line.includes('router'))).toMatch(
    /^failed .*its catalogue cannot be fetched: HTTP 503$/,
  );
});
