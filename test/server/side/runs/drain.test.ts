// Tests what clients of answers that are under way hear of a gateway that drains, and of one that reloads: the rest of the answer, or an error that
// says why there is none, never a connection that is only gone.

import { Agent, fetch } from 'undici';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type LlmGateway, llmGateway } from '../../../support/llm-gateway.ts';
import { killAll } from '../../../support/processes.ts';
import { type Served, serve } from '../../../support/served.ts';
import { until } from '../../../support/until.ts';

let llm: LlmGateway;
let served: Served;
const insecure = new Agent({ connect: { rejectUnauthorized: false } });
beforeAll(async () => {
  llm = await llmGateway();
});
afterEach(async () => {
  if (served.child.exitCode === null && served.child.signalCode === null) killAll(served.child);
  await served.exited;
});
afterAll(async () => {
  await insecure.close();
  await llm.close();
});

const config = (more: object = {}) => ({
  gateways: { scripted: { profile: 'openai-compatible', baseUrl: llm.baseUrl, apiKey: 'x', allowPrivate: true } },
  classes: { plain: { targets: [{ gateway: 'scripted', model: 'm' }], unknownPrice: 'allow' } },
  listen: { tlsPort: 0 },
  tasks: [],
  ...more,
});

interface Heard {
  readonly by: string;
  text: string;
  isOver: boolean;
  isBroken: boolean;
}

function read(by: string, path: string, body: object, isSecure = false): Heard {
  const heard: Heard = { by: isSecure ? `${by} under TLS` : by, text: '', isOver: false, isBroken: false };
  const { port, tlsPort } = served.run.listen as { port: number; tlsPort?: number };
  const address = isSecure ? `https://127.0.0.1:${tlsPort}` : `http://127.0.0.1:${port}`;
  const work = async (): Promise<void> => {
    const reply = await fetch(address + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', ...body }),
      ...(isSecure && { dispatcher: insecure }),
    });
    for await (const piece of reply.body as unknown as AsyncIterable<Uint8Array>) heard.text += Buffer.from(piece);
  };
  void work()
    .catch((error: Error) => {
      heard.isBroken = true;
      heard.text += ` ${error.message} ${error.cause}`;
    })
    .finally(() => {
      heard.isOver = true;
    });
  return heard;
}

const user = { role: 'user', content: 'Hello' };
const message = { id: 'u1', role: 'user', parts: [{ type: 'text', text: 'Hello' }] };

async function readAll(): Promise<Heard[]> {
  const all = [false, true].flatMap((isSecure) => [
    read('responses', '/v1/responses', { input: 'Hello', stream: true }, isSecure),
    read('unstored', '/v1/responses', { input: 'Hello', stream: true, store: false }, isSecure),
    read('completions', '/v1/chat/completions', { messages: [user], stream: true }, isSecure),
    read('messages', '/v1/messages', { messages: [user], max_tokens: 1000, stream: true }, isSecure),
    read('chat', '/v1/ui/chat', { id: `chat-${isSecure}`, messages: [message] }, isSecure),
    read(
      'ag-ui',
      '/v1/ui/ag-ui',
      {
        threadId: `ag-${isSecure}`,
        runId: 'r',
        state: {},
        messages: [{ id: 'u1', ...user }],
        tools: [],
        context: [],
        forwardedProps: { model: 'm' },
      },
      isSecure,
    ),
  ]);
  await until(() => all.every(({ text, isOver }) => isOver || (text.match(/delta|content/gi) ?? []).length > 10));
  expect(all.filter(({ isOver }) => isOver)).toEqual([]);
  return all;
}

const WHOLE =
  /response\.completed"|"finish_reason":"stop"|"stop_reason":"end_turn"|"finishReason":"stop"|"type":"RUN_FINISHED"/;
const ERROR = /"(draining|error|RUN_ERROR|response\.failed)"/;
const ended = (all: readonly Heard[]) => until(() => all.every(({ isOver }) => isOver));

test('an answer that ends within the time of a drain is whole', async () => {
  served = await serve(config());
  llm.change({ behaviour: { text: 'x'.repeat(150), pieces: 150, everyMs: 20 } });
  const all = await readAll();
  served.child.kill('SIGTERM');
  await ended(all);
  expect(
    all
      .filter(({ text, isBroken }) => isBroken || !WHOLE.test(text))
      .map(({ by, isBroken, text }) => [by, isBroken, text.slice(-200)]),
  ).toEqual([]);
  await served.exited;
});

test('an answer that a drain cuts ends with an error', async () => {
  served = await serve(config());
  llm.change({ behaviour: { text: 'x'.repeat(100_000), pieces: 100_000, everyMs: 20 } });
  const all = await readAll();
  served.child.kill('SIGTERM');
  await until(() => served.stderr().includes('draining'));
  served.child.kill('SIGTERM');
  await ended(all);
  expect(
    all
      .filter(({ text, isBroken }) => isBroken || WHOLE.test(text) || !ERROR.test(text.slice(-2000)))
      .map(({ by, isBroken, text }) => [by, isBroken, text.slice(-200)]),
  ).toEqual([]);
  await served.exited;
});

test('a reload leaves an answer that is under way as it is', async () => {
  served = await serve(config());
  llm.change({ behaviour: { text: 'x'.repeat(150), pieces: 150, everyMs: 20 } });
  const all = await readAll();
  const other = { ...config().gateways.scripted, baseUrl: 'http://127.0.0.1:9/v1' };
  served.rewrite(config({ gateways: { scripted: other }, runs: { orphanMs: 1000 } }));
  served.child.kill('SIGHUP');
  await ended(all);
  expect(all.filter(({ text, isBroken }) => isBroken || !WHOLE.test(text)).map(({ by }) => by)).toEqual([]);
});
