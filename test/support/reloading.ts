// A gateway of two gateway processes and two side processes whose configuration a test changes, with two providers and two LLM gateways.

import { afterAll, beforeAll, expect } from 'vitest';
import type { WebSocket } from 'ws';
import { openClient, refusedUpgrade } from './gateway.ts';
import { type LlmGateway, llmGateway } from './llm-gateway.ts';
import { type FakeProvider, startProvider } from './provider.ts';
import { type Served, serve } from './served.ts';
import { until } from './until.ts';

export const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
export const web = { id: 'web', secret: 'secret-of-web' };
export const app = { id: 'app', secret: 'secret-of-app' };
export const as = ({ secret }: { secret: string }): Record<string, string> => ({ authorization: `Bearer ${secret}` });
export let one: FakeProvider;
export let other: FakeProvider;
export let llm: LlmGateway;
export let otherLlm: LlmGateway;
export let served: Served;
let base: Record<string, unknown>;

/** Starts it for a suite. */
export function startReloading(): void {
  beforeAll(start);
  afterAll(stop);
}

async function start(): Promise<void> {
  const echoing = () => startProvider({ onSession: (ws) => ws.on('message', (data) => ws.send(data)) });
  [one, other, llm, otherLlm] = await Promise.all([echoing(), echoing(), llmGateway(), llmGateway()]);
  base = {
    ...{ processes: 2, side: { processes: 2 }, keys: [web], tasks: [] },
    providers: { openai: account(one) },
    gateways: { contract: gatewayAt(llm) },
    classes: { app: { targets: [{ gateway: 'contract', model: 'gpt-5-mini' }] } },
  };
  served = await serve(base);
}

async function stop(): Promise<void> {
  await served?.stop();
  await Promise.all([one, other, llm, otherLlm].map((server) => server?.close()));
}

export const account = ({ url }: FakeProvider, apiKey = 'provider-secret') => ({
  baseUrl: url,
  apiKey,
  allowPrivate: true,
});
export const gatewayAt = ({ baseUrl }: LlmGateway, apiKey = 'gateway-secret') => ({
  ...{ profile: 'openai', apiKey, baseUrl, allowPrivate: true },
});
const http = () => served.url.replace('ws', 'http');
export const admin = (path: string, options: RequestInit = {}) =>
  fetch(served.admin + path, { ...options, headers: { connection: 'close', ...options.headers } });

/** Puts these changes of the base in force, and returns what is changed by it. */
export async function reload(
  changes: Record<string, unknown>,
  headers: Record<string, string> = {},
): Promise<string[]> {
  served.rewrite({ ...base, ...changes });
  const answer = await admin('/reload', { method: 'POST', headers });
  expect(answer.status).toBe(200);
  const { changed, behind } = (await answer.json()) as { changed: string[]; behind: string[] };
  expect(behind).toEqual([]);
  return changed;
}

export async function post(path: string, body: object, headers: Record<string, string> = as(web)) {
  const answer = await fetch(http() + path, {
    method: 'POST',
    headers: { connection: 'close', 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return { status: answer.status, headers: answer.headers, json: await answer.json() };
}

export const call = (headers = as(web), more: object = {}) =>
  post('/v1/chat/completions', { messages: [{ role: 'user', content: 'Hello' }], ...more }, headers);

/** Opens a session, lets it do something, and closes it. Returns its id and what came of it. */
export async function session<Result>(
  act: (client: WebSocket) => Promise<Result>,
  headers: Record<string, string> = as(web),
): Promise<Result> {
  const client = await openClient(served.url + REALTIME, { headers });
  const result = await act(client);
  client.close();
  await until(async () => (await served.sessions()).length === 0);
  return result;
}

export const upgrade = (headers = as(web)) =>
  session(async () => 101, headers).catch(
    async () => (await refusedUpgrade(served.url + REALTIME, { headers })).status,
  );

export const consoleJson = async () =>
  (await (await fetch(`${http()}/console.json`, { headers: { connection: 'close' } })).json()) as {
    side: { tasks: string[]; transcripts: string };
  };

/** Counts what came to each of two servers while something was done. */
export async function cameTo(servers: readonly (() => number)[], act: () => Promise<unknown>): Promise<number[]> {
  const before = servers.map((count) => count());
  await act();
  return servers.map((count, index) => count() - (before[index] ?? 0));
}

export async function costOf({ headers }: Awaited<ReturnType<typeof call>>): Promise<number> {
  const id = headers.get('x-trunkline-attempt');
  interface Row {
    readonly id: string;
    readonly outcome: string;
    readonly costMicroUsd: number;
  }
  let row: Row | undefined;
  await until(async () => {
    const { rows } = (await (await admin('/ledger/rows')).json()) as { rows: Row[] };
    row = rows.find((one) => one.id === id && one.outcome === 'ok');
    return row !== undefined;
  });
  return row?.costMicroUsd ?? 0;
}
