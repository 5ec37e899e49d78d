// A scripted LLM gateway on loopback in the shape of OpenAI chat completions: fails, hangs, loses and garbles as it is told, from a
// seed, and counts what it did. Listens on a free port.

import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from './random.ts';

/** What becomes of one request. */
export interface LlmBehaviour {
  /** Until the first byte of the answer. */
  readonly delayMs?: number;
  /** Until that, too. */
  readonly after?: Promise<unknown>;
  /** `idle`: neither works nor answers; `lost`: does the work, and never answers. */
  readonly hang?: 'idle' | 'lost';
  /** Other than 200: an error in OpenAI's shape, without an effect. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The body of a whole answer, verbatim. */
  readonly body?: string;
  /** The text of the answer. */
  readonly text?: string;
  readonly finish?: string;
  /** The model that says that it served; the one that was asked for when not given. */
  readonly served?: string;
  /** Said in the body, as OpenRouter does. */
  readonly provider?: string;
  /** false: not reported. */
  readonly usage?: object | false;
  readonly costUsd?: number;
  readonly costIn?: 'header' | 'body';
  /** Between pieces of a streamed answer. */
  readonly everyMs?: number;
  /** How many pieces a streamed text is cut into. */
  readonly pieces?: number;
  /** The connection breaks after so many pieces of a streamed answer. */
  readonly breakAfter?: number;
  /** An error event comes after so many pieces of a streamed answer. */
  readonly errorAfter?: number;
}

/** How many of the requests (0 to 1) go wrong, and how; the rest is answered. */
export interface LlmShares {
  readonly failing?: number;
  readonly idle?: number;
  readonly lost?: number;
  readonly garbled?: number;
  readonly withoutUsage?: number;
}

export interface LlmSeen {
  /** From 1. */
  readonly number: number;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into bodies as it likes
  readonly body: any;
}

export interface LlmGatewayOptions {
  readonly seed?: number;
  readonly shares?: LlmShares;
  /** Of every answer, unless the script says otherwise. */
  readonly behaviour?: LlmBehaviour;
  /** Overrides the rest for a request; undefined leaves it. */
  readonly script?: (seen: LlmSeen) => LlmBehaviour | undefined;
  /** What the work of a request is called where effects are counted by name. */
  readonly effectOf?: (seen: LlmSeen) => string;
  /** Requests that are remembered; the newest stay. */
  readonly keep?: number;
  readonly models?: readonly string[];
  readonly port?: number;
}

export interface LlmGateway {
  /** `http://127.0.0.1:<port>/v1`. */
  readonly baseUrl: string;
  /** Newest last. */
  readonly seen: readonly LlmSeen[];
  readonly count: {
    requests: number;
    /** Work that was done, answered or not. */
    effects: number;
    answers: number;
    /** The other side left before the answer was complete. */
    cancelled: number;
    /** Requests in work now, and the most at once. */
    open: number;
    mostOpen: number;
    connections: number;
  };
  /** How often each piece of work was done, by the name that `effectOf` gives. */
  readonly effects: ReadonlyMap<string, number>;
  /** Changes the options for requests to come. */
  change(options: LlmGatewayOptions): void;
  close(): Promise<void>;
}

export async function llmGateway(options: LlmGatewayOptions = {}): Promise<LlmGateway> {
  let now = options;
  let random = seededRandom(options.seed ?? 1);
  const seen: LlmSeen[] = [];
  const effects = new Map<string, number>();
  const count = { requests: 0, effects: 0, answers: 0, cancelled: 0, open: 0, mostOpen: 0, connections: 0 };

  const work = (one: LlmSeen) => {
    count.effects++;
    const name = now.effectOf?.(one);
    if (name !== undefined) effects.set(name, (effects.get(name) ?? 0) + 1);
  };
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await bodyOf(request);
    if (request.method === 'GET') return json(response, 200, { object: 'list', data: (now.models ?? []).map(model) });
    const one: LlmSeen = { number: ++count.requests, path: request.url ?? '', headers: request.headers, body };
    seen.push(one);
    if (seen.length > (now.keep ?? 1000)) seen.shift();
    const behaviour = {
      ...now.behaviour,
      ...rolled(now.shares ?? {}, random.below(1_000_000) / 1e6),
      ...now.script?.(one),
    };
    count.mostOpen = Math.max(count.mostOpen, ++count.open);
    response.on('close', () => {
      count.open--;
      if (response.writableFinished) count.answers++;
      else count.cancelled++;
    });
    await answer(one, behaviour, response, () => work(one));
  };

  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    take(request, response).catch(() => response.destroy());
  });
  server.on('connection', () => count.connections++);
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    seen,
    count,
    effects,
    change(to) {
      if (to.seed !== undefined) random = seededRandom(to.seed);
      now = { ...now, ...to };
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const model = (id: string) => ({ id, object: 'model' });

/** What a number from 0 to 1 means under these shares. */
function rolled(shares: LlmShares, roll: number): LlmBehaviour {
  const kinds: readonly (readonly [number | undefined, LlmBehaviour])[] = [
    [shares.failing, { status: 503 }],
    [shares.idle, { hang: 'idle' }],
    [shares.lost, { hang: 'lost' }],
    [shares.garbled, { body: '{"choices":[{"message":' }],
    [shares.withoutUsage, { usage: false }],
  ];
  let from = 0;
  for (const [share = 0, behaviour] of kinds) {
    if (roll < from + share) return behaviour;
    from += share;
  }
  return {};
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const text = Buffer.concat(parts).toString();
  return text === '' ? undefined : JSON.parse(text);
}

function json(response: ServerResponse, status: number, body: unknown, headers: object = {}): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const length = Buffer.byteLength(text);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': length, ...headers });
  response.end(text);
}

async function answer(seen: LlmSeen, how: LlmBehaviour, response: ServerResponse, work: () => void): Promise<void> {
  if (how.hang === 'lost') work();
  if (how.hang) return;
  if (how.delayMs) await delay(how.delayMs);
  await how.after;
  if (response.destroyed) return;
  const cost = how.costIn === 'header' ? { 'x-litellm-response-cost': String(how.costUsd) } : {};
  const headers = { ...cost, ...how.headers };
  if (how.status !== undefined && how.status !== 200)
    return json(response, how.status, how.body ?? { error: { message: 'scripted', type: 'scripted' } }, headers);
  work();
  if (how.body !== undefined) return json(response, 200, how.body, headers);
  if (seen.body.stream) return stream(seen, how, response, headers);
  const message = { role: 'assistant', content: textOf(how) };
  const choices = [{ index: 0, message, finish_reason: how.finish ?? 'stop' }];
  json(response, 200, { ...head(seen, how, 'chat.completion'), choices, ...usageOf(how) }, headers);
}

const textOf = ({ text = 'A scripted answer.' }: LlmBehaviour) => text;

function head(seen: LlmSeen, how: LlmBehaviour, object: string): object {
  const provider = how.provider === undefined ? {} : { provider: how.provider };
  return { id: `scripted-${seen.number}`, object, created: 1, model: how.served ?? seen.body.model, ...provider };
}

function usageOf(how: LlmBehaviour): object {
  if (how.usage === false) return {};
  const usage = how.usage ?? { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
  return { usage: how.costIn === 'body' ? { ...usage, cost: how.costUsd } : usage };
}

async function stream(seen: LlmSeen, how: LlmBehaviour, response: ServerResponse, headers: object): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream', ...headers });
  const send = (data: object) => response.write(`data: ${JSON.stringify(data)}\n\n`);
  const base = head(seen, how, 'chat.completion.chunk');
  const text = textOf(how);
  const size = Math.max(1, Math.ceil(text.length / (how.pieces ?? 3)));
  let sent = 0;
  for (let at = 0; at < text.length; at += size) {
    if (sent > 0 && how.everyMs) await delay(how.everyMs);
    if (response.destroyed) return;
    if (sent === how.breakAfter) return void response.destroy();
    if (sent === how.errorAfter) {
      send({ error: { message: 'scripted', code: 502 } });
      return void response.end();
    }
    const delta = { ...(sent === 0 ? { role: 'assistant' } : {}), content: text.slice(at, at + size) };
    send({ ...base, choices: [{ index: 0, delta, finish_reason: null }] });
    sent++;
  }
  if (how.breakAfter !== undefined) return void response.destroy();
  send({ ...base, choices: [{ index: 0, delta: {}, finish_reason: how.finish ?? 'stop' }] });
  if (how.usage !== false && seen.body.stream_options?.include_usage) send({ ...base, choices: [], ...usageOf(how) });
  response.end('data: [DONE]\n\n');
}
