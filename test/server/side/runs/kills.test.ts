// Tests what readers hear of runs when a process dies under them, whatever they read by, and what is there afterwards: an answer to the id, and
// a row in the ledger for each request.

import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { openStore } from '../../../../server/side/store/open.ts';
import { type LlmGateway, llmGateway } from '../../../support/llm-gateway.ts';
import { childrenOf, killAll } from '../../../support/processes.ts';
import { type Served, serve } from '../../../support/served.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { until } from '../../../support/until.ts';

const MODEL = 'priced-1';
const data = temporaryFolder('run-kills');
let llm: LlmGateway;
let served: Served;
const start = () =>
  serve(
    {
      processes: 2,
      side: { processes: 2 },
      runs: { orphanMs: 60_000 },
      gateways: { scripted: { profile: 'openai-compatible', baseUrl: llm.baseUrl, apiKey: 'x', allowPrivate: true } },
      classes: { plain: { targets: [{ gateway: 'scripted', model: MODEL }] } },
      tasks: [],
      prices: { [MODEL]: { input: 1, output: 10 } },
      budgets: [{ window: 'total', maxUsd: 100 }],
    },
    data,
  );
beforeAll(async () => {
  llm = await llmGateway({ behaviour: { text: 'x'.repeat(700), pieces: 350, everyMs: 20 } });
  served = await start();
});
afterAll(async () => {
  if (served?.child.exitCode === null && served.child.signalCode === null) killAll(served.child);
  await served?.exited;
  await llm?.close();
});

/** One reader, with all that came, and that it ended. */
interface Heard {
  readonly by: string;
  text: string;
  isOver: boolean;
  /** The connection ended in a way that no client takes for the end of an answer. */
  isBroken: boolean;
}

const http = () => served.url.replace('ws', 'http');
const headers = { 'content-type': 'application/json', connection: 'close' };
const message = { id: 'u1', role: 'user', parts: [{ type: 'text', text: 'Hello' }] };

function overHttp(by: string, path: string, body: object): Heard {
  const heard: Heard = { by, text: '', isOver: false, isBroken: false };
  const read = async (): Promise<void> => {
    const reply = await fetch(http() + path, { method: 'POST', headers, body: JSON.stringify(body) });
    const decoder = new TextDecoder();
    for await (const piece of reply.body as unknown as AsyncIterable<Uint8Array>)
      heard.text += decoder.decode(piece, { stream: true });
  };
  void read()
    .catch(() => {
      heard.isBroken = true;
    })
    .finally(() => {
      heard.isOver = true;
    });
  return heard;
}

function overSocket(by: string, path: string, frame: object): Heard {
  const heard: Heard = { by, text: '', isOver: false, isBroken: false };
  const socket = new WebSocket(served.url + path, { perMessageDeflate: false });
  socket.on('open', () => socket.send(JSON.stringify(frame)));
  socket.on('message', (piece) => {
    heard.text += piece.toString();
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    heard.isBroken = true;
    heard.isOver = true;
  });
  return heard;
}

function readers(round: string): Heard[] {
  const fields = { model: MODEL };
  return [0, 1].flatMap((at) => {
    const id = `${round}-${at}`;
    return [
      overHttp('responses', '/v1/responses', { ...fields, input: 'Hello', stream: true }),
      overHttp('background', '/v1/responses', { ...fields, input: 'Hello', stream: true, background: true }),
      overHttp('completions', '/v1/chat/completions', {
        ...fields,
        messages: [{ role: 'user', content: 'Hi' }],
        stream: true,
      }),
      overHttp('chat', '/v1/ui/chat', { ...fields, id: `http-${id}`, messages: [message] }),
      overHttp('ag-ui', '/v1/ui/ag-ui', {
        ...{ threadId: `ag-${id}`, runId: 'r', state: {}, messages: [{ id: 'u1', role: 'user', content: 'Hello' }] },
        ...{ tools: [], context: [], forwardedProps: fields },
      }),
      overSocket('chat-socket', '/v1/ui/chat', {
        type: 'send',
        requestId: 'q',
        id: `ws-${id}`,
        messages: [message],
        body: fields,
      }),
    ];
  });
}

const ids = new Set<string>();
const END =
  /response\.(completed|failed)"|"code":"draining"|\[DONE\]|"type":"(error|finish|RUN_ERROR|RUN_FINISHED|end)"/;

/** Starts readers of every kind, kills something when all of them read, and says which of them heard of it. */
async function round(name: string, kill: () => unknown): Promise<Heard[]> {
  const all = readers(name);
  await until(() => all.every(({ text }) => (text.match(/delta|content/gi) ?? []).length > 100));
  const seen = () => all.flatMap(({ text }) => [...text.matchAll(/"(resp_[0-9a-f]{32})"/g)].map(([, id = '']) => id));
  // Two connections go to two processes: the one that does not run it has it from the store.
  for (const id of new Set(seen())) for (let at = 0; at < 2; at++) await until(async () => (await get(id)).status);
  await kill();
  // Those whose process lives go on to the end of their answer.
  await until(() => all.every(({ isOver, text }) => isOver || END.test(text)));
  for (const id of seen()) ids.add(id);
  return all;
}

const get = async (id: string) =>
  (await (await fetch(`${http()}/v1/responses/${id}`, { headers })).json()) as {
    status: string;
    error: { code: string } | null;
  };

async function allEnded(): Promise<void> {
  for (const id of ids) {
    const shown = await until(async () => {
      const one = await get(id).catch(() => undefined);
      return one?.status === 'in_progress' || one?.status === 'queued' ? undefined : one;
    });
    expect([shown?.status, shown?.error?.code]).toBeOneOf([
      ['completed', undefined],
      ['failed', 'run_lost'],
      // A process whose supervisor is gone ends its runs by itself.
      ['failed', 'draining'],
    ]);
  }
}

test.each([
  ['a side process', () => process.kill(childrenOf(served.run.pid, 'side/process').at(-1) as number, 'SIGKILL')],
  [
    'the side process that owns the store',
    () => process.kill(childrenOf(served.run.pid, 'side/process')[0] as number, 'SIGKILL'),
  ],
  ['a gateway process', () => process.kill(childrenOf(served.run.pid, 'gateway/process')[0] as number, 'SIGKILL')],
  [
    'the supervisor',
    async () => {
      process.kill(served.run.pid, 'SIGKILL');
      await served.exited;
    },
  ],
])(
  'no reader is left in silence by a kill of %s, and each response has an end',
  { timeout: 120_000 },
  async (name, kill) => {
    const all = await round(name, kill);
    for (const { by, text, isBroken } of all) expect([by, isBroken || END.test(text)]).toEqual([by, true]);
    // A gateway process has nothing to do with what a side process answers.
    if (name === 'a gateway process') expect(all.filter(({ isBroken }) => isBroken)).toEqual([]);
    if (name === 'the supervisor') {
      await delay(1500);
      served = await start();
    }
    await until(async () => (await fetch(`${served.admin}/readyz`)).status === 200);
    await allEnded();
  },
);

test('the ledger has each request once, and the budget what they cost', { timeout: 120_000 }, async () => {
  await until(() => llm.count.open === 0);
  await served.stop();
  // The start after a kill gives back what the killed ones had of budgets.
  served = await start();
  await served.stop();
  const store = await openStore({ url: 'sqlite', dataDirectory: data });
  // Calls of processes that could not settle them are charged at what they reserved, when nobody has spoken for them for a while.
  await store.settleLost(Date.now() + 3_600_000);
  const rows = await store.ledger({ limit: 1000 });
  expect(rows).toHaveLength(llm.count.requests);
  expect(rows.filter(({ outcome }) => outcome === 'pending')).toEqual([]);
  const spentMicroUsd = rows.reduce((sum, { costMicroUsd = 0 }) => sum + costMicroUsd, 0);
  expect(await store.budgetUse('*|*|total|0')).toEqual({ spentMicroUsd, reservedMicroUsd: 0 });
  await store.close();
});
