// A scripted LLM gateway on loopback in the shape of OpenAI chat completions. It fails, hangs, loses and garbles as its script or its seed says,
// and counts what it did.

import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from './random.ts';

/** The way in which one request is answered. */
export interface LlmBehaviour {
  /** Delay before the first byte of the answer. */
  readonly delayMs?: number;
  /** The answer waits until this has settled, too. */
  readonly after?: Promise<unknown>;
  /** `idle` neither works nor answers; `lost` works and never answers. */
  readonly hang?: 'idle' | 'lost';
  /** A status other than 200 is an error in OpenAI's shape, without an effect. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The body of a whole answer, verbatim. */
  readonly body?: string;
  /** The text of the answer. */
  readonly text?: string;
  readonly finish?: string;
  /** The model that is named as the one that served; the requested one by default. */
  readonly served?: string;
  /** The provider that is named in the body, as OpenRouter does. */
  readonly provider?: string;
  /** false: usage is not reported. */
  readonly usage?: object | false;
  readonly costUsd?: number;
  readonly costIn?: 'header' | 'body';
  /** Interval between pieces of a streamed answer. */
  readonly everyMs?: number;
  /** Number of pieces of a streamed text. */
  readonly pieces?: number;
  /** The connection breaks after so many pieces of a streamed answer. */
  readonly breakAfter?: number;
  /** An error event comes after so many pieces of a streamed answer. */
  readonly errorAfter?: number;
}

/** Shares of the requests (0 to 1) that go wrong, by how; the rest is answered. */
export interface LlmShares {
  readonly failing?: number;
  readonly idle?: number;
  readonly lost?: number;
  readonly garbled?: number;
  readonly withoutUsage?: number;
}

export interface LlmSeen {
  /** Counted from 1. */
  readonly number: number;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into bodies as it likes
  readonly body: any;
}

export interface LlmGatewayOptions {
  readonly seed?: number;
  readonly shares?: LlmShares;
  /** Holds for every answer, unless the script says otherwise. */
  readonly behaviour?: LlmBehaviour;
  /** Overrides the rest for a request; undefined leaves it. */
  readonly script?: (seen: LlmSeen) => LlmBehaviour | undefined;
  /** Names the work of a request where effects are counted by name. */
  readonly effectOf?: (seen: LlmSeen) => string;
  /** Number of requests that are kept; the newest stay. */
  readonly keep?: number;
  readonly models?: readonly string[];
  readonly port?: number;
}

export interface LlmGateway {
  /** `http://127.0.0.1:<port>/v1`. */
  readonly baseUrl: string;
  /** Requests, the newest last. */
  readonly seen: readonly LlmSeen[];
  readonly count: {
    requests: number;
    /** Counts work that was done, answered or not. */
    effects: number;
    answers: number;
    /** Counts clients that left before the answer was complete. */
    cancelled: number;
    /** Counts requests in work now, and the most at once. */
    open: number;
    mostOpen: number;
    connections: number;
  };
  /** Counts of each piece of work, by the name that `effectOf` gives. */
  readonly effects: ReadonlyMap<string, number>;
  /** Changes the options for later requests. */
  change(options: LlmGatewayOptions): void;
  close(): Promise<void>;
}

export async function llmGateway(options: LlmGatewayOptions = {}): Promise<LlmGateway> {
  let now = options;
  let random = seededRandom(options.seed ?? 1);
  const seen: LlmSeen[] = [];
  const effects = new Map<string, number>();
  const count = { requests: 0, effects: 0, answers: 0, cancelled: 0, open: 0, mostOpen: 0, connections: 0 };

  const work = (request: LlmSeen) => {
    count.effects++;
    const name = now.effectOf?.(request);
    if (name !== undefined) effects.set(name, (effects.get(name) ?? 0) + 1);
  };
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await bodyOf(request);
    if (request.method === 'GET') return json(response, 200, { object: 'list', data: (now.models ?? []).map(model) });
    const seenRequest: LlmSeen = { number: ++count.requests, path: request.url ?? '', headers: request.headers, body };
    seen.push(seenRequest);
    if (seen.length > (now.keep ?? 1000)) seen.shift();
    const behaviour = {
      ...now.behaviour,
      ...rolled(now.shares ?? {}, random.below(1_000_000) / 1e6),
      ...now.script?.(seenRequest),
    };
    count.mostOpen = Math.max(count.mostOpen, ++count.open);
    response.on('close', () => {
      count.open--;
      if (response.writableFinished) count.answers++;
      else count.cancelled++;
    });
    await answer(seenRequest, behaviour, response, () => work(seenRequest));
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

/** Turns a number from 0 to 1 into a behaviour, by these shares. */
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
