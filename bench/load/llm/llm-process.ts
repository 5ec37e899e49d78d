// The mock of an LLM endpoint: answers every chat completion alike, on a fixed schedule that begins when the request has come.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { serveMethods } from '../../machine/rpc.ts';
import type { Pace } from '../load.ts';
import { nowNs } from '../wire.ts';
import { streamedAnswer, wholeAnswer } from './llm-answer.ts';

/** `fails`: 500; `hangs`: takes the request and never answers; `gone`: nobody listens, as after a crash. */
type LlmMode = 'answers' | 'fails' | 'hangs' | 'gone';

export interface LlmOptions {
  readonly pace: Pace;
  /** Models that `GET /v1/models` lists. */
  readonly models: readonly string[];
}

const JSON_HEAD = { 'content-type': 'application/json' };
const STREAM_HEAD = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' };
/** Connections of gateways are theirs to close. */
const KEEP_ALIVE_MS = 120_000;

const options = JSON.parse(process.argv[2] ?? '{}') as LlmOptions;
let pace = options.pace;
let mode: LlmMode = 'answers';
/** Counts since the last call; `answers` are those that were given to the end. */
const nothing = () => ({ requests: 0, answers: 0, failures: 0 });
let counts = nothing();
let lastBody: Record<string, unknown> | undefined;
const hanging = new Set<ServerResponse>();
const answers = new Map<string, ReturnType<typeof answersFor>>();

const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
  void take(request, response).catch(() => response.destroy());
});
server.listen(0, '127.0.0.1', 4096);
await once(server, 'listening');
const { port } = server.address() as { port: number };

const methods = {
  listeningPort: () => port,
  pace(wanted: Pace): void {
    pace = wanted;
    answers.clear();
  },
  /** Requests that hang are broken off when it no longer does. */
  async behave(wanted: LlmMode): Promise<void> {
    const wasGone = mode === 'gone';
    mode = wanted;
    if (mode !== 'hangs') for (const response of hanging) response.destroy();
    if (mode === 'gone' && !wasGone) {
      server.close();
      server.closeAllConnections();
    } else if (mode !== 'gone' && wasGone) {
      server.listen(port, '127.0.0.1', 4096);
      await once(server, 'listening');
    }
  },
  counts() {
    const since = counts;
    counts = nothing();
    return since;
  },
  /** The body of the last request. */
  lastBody: () => lastBody,
};
export type LlmMethods = typeof methods;
serveMethods(methods);

const answersFor = (model: string) => ({ whole: wholeAnswer(model), streamed: streamedAnswer(model, pace.tokens) });

async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === 'GET') return models(response);
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const comeNs = nowNs();
  counts.requests += 1;
  lastBody = JSON.parse(Buffer.concat(chunks).toString());
  if (mode === 'hangs') return hang(response);
  if (mode !== 'answers') return fail(response);
  const model = String(lastBody?.model);
  const answer = answers.get(model) ?? answersFor(model);
  answers.set(model, answer);
  response.on('finish', () => {
    counts.answers += 1;
  });
  if (lastBody?.stream === true) return stream(response, answer.streamed, comeNs);
  await until(comeNs, pace.thinkMs + pace.tokens * pace.gapMs);
  response.writeHead(200, JSON_HEAD).end(answer.whole);
}

async function stream(
  response: ServerResponse,
  { tokens, end }: ReturnType<typeof streamedAnswer>,
  comeNs: number,
): Promise<void> {
  const { thinkMs, gapMs } = pace;
  response.writeHead(200, STREAM_HEAD);
  for (const [index, token] of tokens.entries()) {
    await until(comeNs, thinkMs + index * gapMs);
    response.write(token);
  }
  response.end(end);
}

/** Timers that would be over already are none. */
async function until(fromNs: number, ms: number): Promise<void> {
  const leftMs = ms - (nowNs() - fromNs) / 1e6;
  if (leftMs > 0) await delay(leftMs);
}

function hang(response: ServerResponse): void {
  hanging.add(response);
  response.on('close', () => hanging.delete(response));
}

function fail(response: ServerResponse): void {
  counts.failures += 1;
  response.writeHead(500, JSON_HEAD).end('{"error":{"message":"out of order","type":"server_error","code":null}}');
}

function models(response: ServerResponse): void {
  const data = options.models.map((id) => ({ id, object: 'model', created: 0, owned_by: 'bench' }));
  response.writeHead(200, JSON_HEAD).end(JSON.stringify({ object: 'list', data }));
}
