// `trunkline providers check`: providers on loopback that are as declared, and some that differ; the key is in no output.

import { parseArgs } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { UsageError } from '../../../../server/cli/commands/command.ts';
import { SIDE_OPTIONS, sideCommand } from '../../../../server/cli/commands/commands.ts';
import { loadConfig } from '../../../../server/config/load.ts';
import { configFile } from '../../../support/config-file.ts';
import { type FakeProvider, type FakeProviderOptions, startProvider } from '../../../support/provider.ts';
import { runCommand } from '../../../support/served.ts';

const KEY = 'sk-proj-Zq81xWv40TnB';
const CREATED = '{"type":"session.created","session":{"id":"sess_1"}}';
const started: FakeProvider[] = [];

afterAll(async () => {
  for (const provider of started) await provider.close();
});

/** A provider of OpenAI's protocols, which greets, and refuses other keys before the 101, quoting the ends of what it got. */
async function openai(options: FakeProviderOptions = {}): Promise<FakeProvider> {
  const isRight = (authorization = '') => authorization === `Bearer ${KEY}`;
  const provider = await startProvider({
    onSession: (ws) => ws.send(CREATED),
    onUpgrade({ headers }, socket) {
      if (isRight(headers.authorization)) return false;
      socket.end('HTTP/1.1 401 Unauthorized\r\ncontent-length: 9\r\n\r\nwrong key');
      return true;
    },
    onRequest: ({ headers }, response) => void response.writeHead(isRight(headers.authorization) ? 200 : 401).end(),
    ...options,
  });
  started.push(provider);
  return provider;
}

interface Run {
  readonly baseUrl: string;
  readonly more?: readonly string[];
  readonly path?: string;
}

/** Runs the command in this process, with the key in the configuration; `code` is that of its exit. */
async function outcome(words: string[], providers: object = {}) {
  const { values, positionals } = parseArgs({ args: words, options: SIDE_OPTIONS, allowPositionals: true });
  const file = configFile({ rehearsal: false, providers });
  let [stdout, stderr, code] = ['', '', 0];
  try {
    const run = sideCommand(positionals, values);
    for await (const piece of run?.(loadConfig({ file, env: {} })) ?? []) stdout += piece;
  } catch (error) {
    stderr = (error as Error).message;
    code = error instanceof UsageError ? 2 : 1;
  }
  for (const piece of [KEY, 'Zq81', '0TnB']) expect(stdout + stderr).not.toContain(piece);
  return { code, lines: stdout.split('\n').filter((line) => /^(ok|differs|skipped) /.test(line)), stdout, stderr };
}

function check({ baseUrl, more = [], path = '/v1/realtime?model=m-1' }: Run) {
  const only = path === '' ? [] : ['--path', path];
  const account = { kind: 'openai', baseUrl, apiKey: KEY, allowPrivate: true };
  return outcome(['providers', 'check', 'mine', ...only, ...more], { mine: account });
}

describe.concurrent('a provider', () => {
  test('that is as declared: each path that can be dialled is ok, others are skipped, exit code 0', async () => {
    const provider = await openai({
      onSession: (ws, { url = '' }) => void (/\/realtime/.test(url) && ws.send(CREATED)),
    });
    const { code, lines, stdout, stderr } = await check({ baseUrl: provider.url, path: '', more: ['--model', 'm-1'] });
    expect(lines.filter((line) => !/^ok/.test(line))).toEqual([
      'skipped  /v1/live/sessions/{session_id}/attach: it needs {session_id} in its path: give it by --path',
      'skipped  /v1/live/sessions/{session_id}/fork: it needs {session_id} in its path: give it by --path',
    ]);
    expect(lines).toEqual(
      expect.arrayContaining([
        'ok       /v1/realtime handshake: HTTP 101 without a subprotocol',
        'ok       /v1/realtime first message: the provider: session.created',
        'ok       /v1/realtime close: close 1000',
        'ok       /v1/realtime wrong key: HTTP 401 wrong key',
        'ok       /v1/responses first message: nothing within 2000 ms',
        'ok       GET /v1/models right key: HTTP 200',
        'ok       GET /v1/models wrong key: HTTP 401',
      ]),
    );
    expect([code, stderr]).toEqual([0, '']);
    const [first = ''] = stdout.split('\n');
    expect(first).toContain('connected time and sessions may cost a little');
    expect(provider.requests.map(({ url }) => url)).toContain('/v1/realtime?model=m-1');
    const sent = provider.requests.map(({ headers }) => headers.authorization);
    expect(sent.filter((one) => one === `Bearer ${KEY}`)).toHaveLength(sent.length / 2);
    expect(new Set(sent).size).toBe(2);
    expect(
      sent.every((one) => /^Bearer sk-proj-[A-Z][a-z]\d\d[a-z][A-Z][a-z]\d\d[A-Z][a-z][A-Z]$/.test(one ?? '')),
    ).toBe(true);
  });

  test('that answers a wrong key with 101 differs, and what it says then is told: exit code 1', async () => {
    const provider = await openai({
      onUpgrade: () => false,
      onSession(ws, { headers: { authorization = '' } }) {
        if (authorization === `Bearer ${KEY}`) return void ws.send(CREATED);
        ws.send('{"type":"error","error":{"type":"invalid_request_error","message":"no"}}');
        ws.close(3000, 'invalid_request_error');
      },
    });
    const { code, lines, stderr } = await check({ baseUrl: provider.url });
    expect(lines.filter((line) => !/^ok/.test(line))).toEqual([
      'differs  /v1/realtime wrong key: declared HTTP 401 or 403; seen HTTP 101, then error, close 3000 invalid_request_error',
    ]);
    expect([code, stderr]).toEqual([1, '1 of these differ from what is declared']);
  });

  test('that speaks although the client is to speak first differs', async () => {
    const provider = await openai();
    const { code, lines } = await check({ baseUrl: provider.url, path: '/v1/responses' });
    expect([code, lines[1]]).toEqual([
      1,
      expect.stringMatching(/^differs {2}\/v1\/responses first message: declared by the client; seen the provider: /),
    ]);
  });

  test('that closes before it says anything has said nothing, and is not waited for', async () => {
    const provider = await openai({ onSession: (ws) => void ws.close(1011, 'no room') });
    const { lines } = await check({ baseUrl: provider.url });
    expect(lines.filter((line) => !/^ok/.test(line)).slice(0, 2)).toEqual([
      'differs  /v1/realtime first message: declared by the provider; seen nothing before its close',
      'differs  /v1/realtime close: declared open until the client closes; seen close 1011 no room',
    ]);
  });

  test('that refuses the right key, and quotes it whole and in part, differs, and nothing of the key is shown', async () => {
    const body = `{"error":{"message":"Incorrect key provided: sk-proj-Zq81****0TnB, got ${KEY}"}}`;
    const provider = await openai({
      onUpgrade(_request, socket) {
        socket.end(`HTTP/1.1 401 Unauthorized\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
        return true;
      },
    });
    const { code, lines } = await check({ baseUrl: provider.url });
    expect(lines.slice(0, 2)).toEqual([
      'differs  /v1/realtime handshake: declared HTTP 101 without a subprotocol; seen HTTP 401 {"error":{"message":"Incorrect key provided: ***, got ***"}}',
      'skipped  /v1/realtime wrong key: the right key opens nothing either',
    ]);
    expect(code).toBe(1);
  });

  test('that cannot be reached differs, and says why; as JSON, a line each', async () => {
    const { code, stdout } = await check({ baseUrl: 'ws://127.0.0.1:9', more: ['--format', 'jsonl'] });
    const [notice, first] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(notice).toMatchObject({ account: 'mine', kind: 'openai', dials: ['ws://127.0.0.1:9/v1/realtime'] });
    expect(first).toEqual({
      outcome: 'differs',
      name: '/v1/realtime handshake',
      declared: 'HTTP 101 without a subprotocol',
      seen: 'the provider could not be reached: ECONNREFUSED',
    });
    expect(code).toBe(1);
  });

  test('may be a kind alone, whose key is on standard input: it is in no output', async () => {
    const provider = await openai();
    const words = ['openai', '--key-stdin', '--base-url', provider.url, '--path', '/v1/realtime?model=m-1'];
    const command = runCommand(['providers', 'check', ...words], {}, [], `${KEY}\n`);
    expect([(await command.exited).code, command.stderr()]).toEqual([0, '']);
    expect(command.stdout()).toContain('ok       GET /v1/models right key: HTTP 200\n');
    expect(command.stdout()).not.toMatch(/Zq81|0TnB/);
  });
});

test('says what is expected when it is used wrongly: exit code 2', async () => {
  const mine = { kind: 'openai', apiKey: 'client' };
  const uses: [string[], string][] = [
    [['openai'], 'no key of openai: expected it in the configuration, in OPENAI_API_KEY, or by --key-stdin'],
    [['mine'], 'no key of mine: expected it'],
    [['opena'], 'unknown account or kind: '],
    [[], 'expected the name of one account or kind'],
    [['yours', '--path', '/v1/x'], '--path: openai is not dialled there'],
    [['yours', '--path', 'v1'], '--path: expected a path that begins with /'],
    [['yours', '--base-url', 'nothing'], 'baseUrl: expected'],
    [['yours', '--format', 'csv'], '--format: expected one of text, jsonl'],
  ];
  for (const [words, said] of uses) {
    const { code, stdout, stderr } = await outcome(['providers', 'check', ...words], {
      mine,
      yours: { kind: 'openai', apiKey: KEY },
    });
    expect([words, code, stdout, stderr]).toEqual([words, 2, '', expect.stringContaining(said)]);
  }
});
