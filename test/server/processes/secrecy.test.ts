// Checks that no credential is told of: canaries in every place where one can be, on every path, and where a process dies; then everything
// that the gateway has said, written or shows is searched for them.

import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { childrenOf } from '../../support/processes.ts';
import { type QuotingEnds, startQuotingEnds } from '../../support/quoting-ends.ts';
import { runCommand, type Served, serve } from '../../support/served.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { until } from '../../support/until.ts';

let number = 0;
const canaries = new Set<string>();

/** Makes a credential that occurs nowhere else. */
function canary(prefix = ''): string {
  const made = `${prefix}canary${String(++number).padStart(3, '0')}X${Math.random().toString(36).slice(2, 12)}`;
  canaries.add(made);
  return made;
}

/** Takes a credential that the gateway has made, and shows once. */
function shownOnce(secret: unknown): string {
  if (typeof secret !== 'string' || secret.length < 20) throw new Error(`expected a secret, got ${String(secret)}`);
  canaries.add(secret);
  return secret;
}

const [token, fileSecret, forwardSecret, ofReceiver] = [canary(), canary(), canary(), canary()];
let ends: QuotingEnds;
let served: Served;
let config: Record<string, unknown>;
/** Everything that clients and operators were told, with what it was. */
const heard: { readonly what: string; readonly text: string }[] = [];

beforeAll(async () => {
  ends = await startQuotingEnds((text) => heard.push({ what: 'webhook', text }));
  const { provider, llm, hookUrl } = ends;
  const account = (baseUrl: string, apiKey: string) => ({ baseUrl, apiKey, allowPrivate: true });
  config = {
    processes: 2,
    log: { level: 'trace' },
    admin: { token },
    keys: [
      { id: 'web', secret: fileSecret, team: 'a' },
      { id: 'forward', secret: forwardSecret },
    ],
    providers: { openai: account(provider.url, canary()), gemini: account(provider.url, canary()) },
    gateways: {
      llm: { profile: 'openai-compatible', baseUrl: llm.baseUrl, apiKey: canary(), allowPrivate: true },
      gone: { profile: 'openai-compatible', baseUrl: 'http://127.0.0.1:9/v1', apiKey: canary(), allowPrivate: true },
    },
    classes: {
      chat: { targets: [{ gateway: 'llm', model: 'm' }], unknownPrice: 'allow' },
      wrong: { targets: [{ gateway: 'llm', model: 'wrong' }], unknownPrice: 'allow' },
      gone: { targets: [{ gateway: 'gone', model: 'm' }], unknownPrice: 'allow' },
    },
    tasks: [{ kind: 'summary', class: 'chat' }],
    webhooks: [
      {
        url: `${hookUrl}?token=${ofReceiver}`,
        secret: canary(),
        events: ['session.ended', 'task.failed'],
        allowPrivate: true,
      },
    ],
    prices: { m: { input: 1, output: 1 } },
  };
  served = await serve(config);
}, 120_000);

afterAll(async () => {
  await served?.stop();
  await ends?.close();
});

async function ask(url: string, init: RequestInit & { readonly isShown?: true } = {}): Promise<unknown> {
  const { isShown, ...request } = init;
  const response = await fetch(url, { ...request, headers: { connection: 'close', ...request.headers } });
  const text = await response.text();
  const headers = [...response.headers].map((header) => header.join(': ')).join('\n');
  heard.push({ what: `${request.method ?? 'GET'} ${new URL(url).pathname}`, text: isShown ? headers : headers + text });
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const asAdmin = (path: string, method = 'GET', body?: object, isShown?: true) =>
  ask(`${served.admin}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
    ...(isShown && { isShown }),
  });

const asKey = (secret: string, path: string, body?: object, isShown?: true) =>
  ask(`${served.url.replace('ws', 'http')}${path}`, {
    method: body ? 'POST' : 'GET',
    headers: { authorization: `Bearer ${secret}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
    ...(isShown && { isShown }),
  });

/** Opens a session, says something, and ends it; what it was told is kept. */
async function talk(target: string, headers: Record<string, string> = {}, protocols: string[] = []): Promise<void> {
  const ws = new WebSocket(`${served.url}${target}`, protocols, { headers });
  const texts: string[] = [];
  ws.on('message', (data) => texts.push(String(data)));
  ws.on('unexpected-response', (_, response) => {
    texts.push(JSON.stringify(response.headers));
    response.on('data', (chunk) => texts.push(String(chunk)));
    response.on('end', () => ws.terminate());
  });
  ws.on('error', (error) => texts.push(error.message));
  const closed = new Promise<void>((resolve) =>
    ws.on('close', (code, reason) => resolve(void texts.push(`${code} ${reason}`))),
  );
  ws.on('open', () => {
    ws.send('{"type":"response.create"}');
    ws.send(JSON.stringify({ type: 'authenticate', token: canary('sk-') }));
    setTimeout(() => ws.close(), 100);
  });
  await closed;
  heard.push({ what: `session ${target.split('?')[0]}`, text: texts.join('\n') });
}

const REALTIME = '/v1/realtime?model=gpt-realtime';
const GEMINI = '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent';

/** Every place of a handshake in which SDKs put a credential. */
const places: readonly ((
  secret: string,
) => [target: string, headers?: Record<string, string>, protocols?: string[]])[] = [
  (secret) => [REALTIME, { authorization: `Bearer ${secret}` }],
  (secret) => [REALTIME, { 'api-key': secret }],
  (secret) => [REALTIME, { 'x-trunkline-key': secret }],
  (secret) => [REALTIME, {}, ['realtime', `openai-insecure-api-key.${secret.split('/').at(-1)}`]],
  (secret) => [`${REALTIME}&api-key=${secret}`],
  (secret) => [`${REALTIME}&token=${secret}`],
  (secret) => [GEMINI, { 'x-goog-api-key': secret }],
  (secret) => [`${GEMINI}?key=${secret}`],
  (secret) => [`${GEMINI}Constrained?access_token=${secret}`],
  (secret) => [`/v1/nowhere?key=${secret}`, { authorization: `Token ${secret}` }],
  // A provider that refuses, and quotes what it was asked.
  (secret) => ['/v1/realtime?model=refuse', { authorization: `Bearer ${secret}` }],
  (secret) => [`${GEMINI}?model=refuse&key=${secret}`],
];

test('no credential is in logs, metrics, answers, the arguments of processes, or on the disk', {
  timeout: 60_000,
}, async () => {
  await useKeysAndSecrets();
  for (const place of places) {
    await talk(...place(fileSecret));
    await talk(...place(canary()));
    await talk(...place(canary('ek_')));
    await talk(...place(canary('tlk_')));
  }
  await askWithWrongCredentials();
  await reloadWithFaults();
  await changeCredentials();
  await runCommands();
  const [side = 0] = childrenOf(served.run.pid, 'side/process');
  process.kill(side, 'SIGKILL');
  await talk(REALTIME, { authorization: `Bearer ${canary('ek_')}` });
  await until(() => childrenOf(served.run.pid, 'side/process').some((pid) => pid !== side));
  for (const path of [
    '/metrics',
    '/sessions',
    '/sessions?limit=100',
    '/keys',
    '/audit',
    '/readyz?verbose',
    '/ledger/rows',
  ])
    await asAdmin(path);
  const args = [served.run.pid, ...childrenOf(served.run.pid, '')].map((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, 'utf8'),
  );
  heard.push({ what: 'arguments of processes', text: args.join('\n') });
  heard.push({ what: 'standard output', text: served.stdout() }, { what: 'standard error', text: served.stderr() });
  // The store has the address that a message goes to, whole.
  const textIn = (file: string) => readFileSync(file, 'latin1').replaceAll(`token=${ofReceiver}`, '');
  for (const what of filesIn(served.data)) heard.push({ what, text: textIn(what) });

  expect(canaries.size).toBeGreaterThanOrEqual(50);
  const found = heard.flatMap(({ what, text }) =>
    [...canaries].filter((one) => text.includes(one)).map((one) => `${what}: ${one}`),
  );
  expect(found).toEqual([]);
});

async function useKeysAndSecrets(): Promise<void> {
  const made = (await asAdmin('/keys', 'POST', { id: 'made' }, true)) as { secret: string };
  const secret = shownOnce(made.secret);
  await talk(REALTIME, { authorization: `Bearer ${secret}` });
  const rotated = (await asAdmin('/keys/made/rotate', 'POST', { keepOldSeconds: 60 }, true)) as { secret: string };
  shownOnce(rotated.secret);
  await asAdmin('/keys', 'POST', { id: 'made' });
  await asAdmin('/keys/made', 'PATCH', { team: 'b' });
  const own = (await asKey(secret, '/v1/client_secrets', { provider: 'openai', uses: 3 }, true)) as { value: string };
  const openai = (await asKey(
    secret,
    '/v1/realtime/client_secrets',
    { session: { type: 'realtime', model: 'gpt-realtime' } },
    true,
  )) as {
    value: string;
  };
  const google = (await asKey(secret, '/v1alpha/auth_tokens', { uses: 2 }, true)) as { name: string };
  for (const value of [own.value, openai.value, google.name])
    for (const place of places) await talk(...place(shownOnce(value)));
  for (const model of ['chat', 'wrong', 'gone'])
    for (const stream of [false, true])
      await asKey(secret, '/v1/chat/completions', { model, stream, messages: [{ role: 'user', content: 'hello' }] });
  await asAdmin('/keys/made/revoke', 'POST');
  await talk(REALTIME, { authorization: `Bearer ${secret}` });
}

async function askWithWrongCredentials(): Promise<void> {
  const base = served.url.replace('ws', 'http');
  for (const path of [
    '/v1/chat/completions',
    '/v1/sessions',
    '/v1/client_secrets',
    '/v1beta/auth_tokens',
    '/v1/models',
  ])
    await ask(`${base}${path}?key=${canary()}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${canary()}` },
      body: '{',
    });
  for (const path of ['/keys', '/reload', '/metrics', '/audit', `/sessions?key=${canary()}`])
    await ask(`${served.admin}${path}`, { headers: { authorization: `Bearer ${canary()}` } });
}

/** A file that is wrong at its secrets, and one that is right. */
async function reloadWithFaults(): Promise<void> {
  const short = `c${number}`;
  served.rewrite({
    ...config,
    keys: [
      { id: 'web', secret: short },
      { id: 'two', secret: canary(), modells: [canary()] },
    ],
  });
  await asAdmin('/reload', 'POST');
  writeFileSync(served.file, `keys:\n  - { id: web, secret: *${canary()} }\nadmin: { token: !${canary()} x }\n`);
  await asAdmin('/reload', 'POST');
  process.kill(served.run.pid, 'SIGHUP');
  served.rewrite({
    ...config,
    keys: [
      { id: 'web', secret: fileSecret },
      { id: 'next', secret: canary() },
    ],
  });
  await asAdmin('/reload', 'POST');
}

/** Another credential at each end, and sessions and calls that use it. */
async function changeCredentials(): Promise<void> {
  const providers = structuredClone(config.providers) as Record<string, { apiKey: string }>;
  const gateways = structuredClone(config.gateways) as Record<string, { apiKey: string }>;
  for (const account of [...Object.values(providers), ...Object.values(gateways)]) account.apiKey = canary();
  const keys = [{ id: 'web', secret: fileSecret }];
  const webhooks = (config.webhooks as object[]).map((one) => ({ ...one, secret: canary() }));
  served.rewrite({ ...config, keys, providers, gateways, webhooks });
  await asAdmin('/reload', 'POST');
  const { apiKey } = providers.openai as { apiKey: string };
  await talk(REALTIME, { authorization: `Bearer ${fileSecret}` });
  expect(ends.provider.requests.at(-1)?.headers.authorization).toBe(`Bearer ${apiKey}`);
  await talk('/v1/realtime?model=refuse', { authorization: `Bearer ${fileSecret}` });
  await asKey(fileSecret, '/v1/chat/completions', { model: 'chat', messages: [{ role: 'user', content: 'hello' }] });
}

async function runCommands(): Promise<void> {
  const commands = [['config', 'print'], ['config', 'check'], ['keys', 'list'], ['keys', 'show', 'made'], ['reload']];
  for (const words of commands) {
    const command = runCommand([...words, '--config', served.file, '--data', served.data]);
    await command.exited;
    heard.push({ what: `trunkline ${words.join(' ')}`, text: command.stdout() + command.stderr() });
  }
  const wrong = join(temporaryFolder('wrong'), 'wrong.yaml');
  writeFileSync(wrong, `keys:\n  - { id: a, secret: ${canary()}, teams: 1 }\nadmin: { token: [${canary()}] }\n`);
  const command = runCommand(['config', 'check', '--config', wrong]);
  await command.exited;
  heard.push({ what: 'trunkline config check', text: command.stdout() + command.stderr() });
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}
