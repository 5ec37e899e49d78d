// Tests what a client secret may ask for in calls, on a socket of chats and on a routed one of Responses: its models, and its money to the last
// call that fits.

import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type LlmGateway, llmGateway } from '../../../../support/llm-gateway.ts';
import { killAll } from '../../../../support/processes.ts';
import { type Served, serve } from '../../../../support/served.ts';
import { until } from '../../../../support/until.ts';

const KEY = { id: 'app', secret: 'secret-of-app', responses: 'routed' };
/** Millionths of a dollar that one call costs: 10 tokens in and 5 out, as the model reports. */
const COST = 15;
let llm: LlmGateway;
let served: Served;
beforeAll(async () => {
  llm = await llmGateway({ behaviour: { text: 'An answer.' } });
  served = await serve({
    ...{ access: 'keys', keys: [KEY], tasks: [], side: { processes: 2 } },
    prices: { m: { input: 1, output: 1 }, n: { input: 1, output: 1 } },
    gateways: { scripted: { profile: 'openai-compatible', baseUrl: llm.baseUrl, apiKey: 'x', allowPrivate: true } },
    classes: { plain: { targets: ['m', 'n'].map((model) => ({ gateway: 'scripted', model })) } },
  });
});
afterAll(async () => {
  if (served?.child.exitCode === null && served.child.signalCode === null) killAll(served.child);
  await served?.exited;
  await llm?.close();
});

const http = () => served.url.replace('ws', 'http');

async function mint(terms: object): Promise<string> {
  const reply = await fetch(`${http()}/v1/client_secrets`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY.secret}`, 'content-type': 'application/json' },
    body: JSON.stringify(terms),
  });
  expect(reply.status).toBe(200);
  return ((await reply.json()) as { value: string }).value;
}

interface Frame {
  readonly type: string;
  readonly code?: string;
  readonly param?: string;
  readonly error?: { readonly code: string; readonly param: string };
}

/** `ask` resolves with the code of what is wrong, or with how the answer ended. */
async function open(path: string, secret: string, requestOf: (model: string, at: number) => object) {
  const socket = new WebSocket(`${served.url}${path}`, ['page', `openai-insecure-api-key.${secret}`]);
  const ends: Frame[] = [];
  socket.on('message', (data) => {
    const frame: Frame = JSON.parse(data.toString());
    if (/^(end|error|response\.completed)$/.test(frame.type)) ends.push(frame);
  });
  await once(socket, 'open');
  let asked = 0;
  return {
    socket,
    async ask(model = 'm'): Promise<string> {
      socket.send(JSON.stringify(requestOf(model, asked)));
      asked += 1;
      const end = await until(() => ends[asked - 1]);
      return end.code ?? end.error?.code ?? end.type;
    },
  };
}

const chat = (secret: string) =>
  open('/v1/ui/chat', secret, (model, at) => ({
    ...{ type: 'send', requestId: `r${at}`, id: `chat-${at}` },
    messages: [{ id: 'u', role: 'user', parts: [{ type: 'text', text: 'Hello' }] }],
    body: { ...(model === '' ? {} : { model }), max_output_tokens: 5 },
  }));
const responses = (secret: string) =>
  open('/v1/responses', secret, (model) => ({
    ...{ type: 'response.create', input: 'Hello', max_output_tokens: 5 },
    ...(model === '' ? {} : { model }),
  }));

async function spentFor(endUser: string): Promise<number> {
  const { rows } = (await (await fetch(`${served.admin}/ledger/rows?limit=200`)).json()) as {
    rows: { readonly endUser?: string; readonly costMicroUsd?: number }[];
  };
  return rows.filter((row) => row.endUser === endUser).reduce((sum, { costMicroUsd = 0 }) => sum + costMicroUsd, 0);
}

describe.each([
  ['chats', chat, 'end'],
  ['Responses', responses, 'response.completed'],
])('a client secret on a socket of %s', (_, openSocket, good) => {
  test('has the models that it names, with their LLM gateway or without', async () => {
    const page = await openSocket(await mint({ models: ['scripted/m'] }));
    expect(await page.ask('n')).toBe('model_not_allowed');
    expect(await page.ask('')).toBe('model_not_allowed');
    expect(await page.ask('m')).toBe(good);
    expect(await page.ask('scripted/m')).toBe(good);
    page.socket.close();
  });

  test('spends no more than its maxUsd over all of its sockets, and another one of its key goes on', async () => {
    const maxMicroUsd = 10 * COST;
    const endUser = `of-${good}`;
    const value = await mint({ maxUsd: maxMicroUsd / 1e6, endUser });
    const pages = await Promise.all([openSocket(value), openSocket(value)]);
    const outcomes = new Set<string>();
    await Promise.all(
      pages.map(async ({ ask }) => {
        for (let at = 0; at < 12; at++) outcomes.add(await ask());
      }),
    );
    // One that does not fit while the other socket asks is told that it may fit later.
    const refusals = [...outcomes].filter((outcome) => outcome !== good);
    expect(outcomes).toContain(good);
    expect(refusals.length).toBeGreaterThan(0);
    for (const refusal of refusals) expect(refusal).toMatch(/^budget_(exceeded|reserved)$/);
    const spent = await spentFor(endUser);
    expect(spent).toBeGreaterThan(0);
    expect(spent).toBeLessThanOrEqual(maxMicroUsd);
    const other = await openSocket(await mint({ maxUsd: 1 }));
    expect(await other.ask()).toBe(good);
    for (const { socket } of [...pages, other]) socket.close();
  });
});
