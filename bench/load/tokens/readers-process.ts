// The clients that read streamed answers, in their own process: a number of them, each of which asks, reads to the end, and asks again.

import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import { createHistogram, encodeHistogram, recordNs } from '../../figures/histogram.ts';
import { serveMethods } from '../../machine/rpc.ts';
import { nowNs } from '../wire.ts';
import { openChat } from './chat-client.ts';
import { type AnswerMeter, type ReadTokens, tokenMeter } from './token-meter.ts';

interface Asked {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Tokens of a whole answer. */
  readonly tokens: number;
}

export interface ReadPlan extends Asked {
  /** JSON of each request; undefined: it is a chat of `/v1/ui/chat`, over WebSocket. */
  readonly body?: string;
  readonly readers: number;
  /** Time over which they begin, evenly. */
  readonly rampMs: number;
  /** Time from then on that is measured. Answers that are under way at its end are read to their own. */
  readonly measureMs: number;
  /** Each asks but once. */
  readonly isOnce?: boolean;
}

interface ResumePlan extends Asked {
  readonly count: number;
  /** Tokens after which the socket is cut. */
  readonly cutAfter: number;
}

/** Makes a call, gives the pieces of its answer to the meter, and resolves at its end. */
type Ask = (answer: AnswerMeter) => Promise<unknown>;

const LEAD_MS = 10;
/** Pause of a reader between two answers. */
const REST_MS = 20;
/** Answers that do not end are given up. */
const MAX_ANSWER_MS = 30_000;

const methods = { read, resume };
export type ReaderMethods = typeof methods;
serveMethods(methods);

async function read(plan: ReadPlan): Promise<ReadTokens> {
  const { readers, rampMs, measureMs, tokens, isOnce } = plan;
  const startNs = nowNs() + LEAD_MS * 1e6;
  const fromNs = startNs + rampMs * 1e6;
  const toNs = fromNs + measureMs * 1e6;
  // Those that ask but once have all done so before the time that is measured.
  const meter = tokenMeter({ fromNs, toNs, tokens, ...(isOnce && { askedFromNs: startNs }) });
  const asks = await asksOf(plan);
  const reader = async (ask: Ask, index: number): Promise<void> => {
    await delay(LEAD_MS + (index * rampMs) / readers);
    do {
      const answer = meter.begin();
      await ask(answer).catch((error: Error) => answer.failed(error.message));
      await delay(REST_MS);
    } while (!isOnce && nowNs() < toNs);
  };
  await Promise.all(asks.all.map(reader));
  await asks.close();
  return meter.collect();
}

async function asksOf(plan: ReadPlan): Promise<{ readonly all: Ask[]; close(): unknown }> {
  const { body, readers, url, headers } = plan;
  if (body !== undefined) {
    const { origin, pathname } = new URL(url);
    const pool = new Pool(origin, { connections: readers, pipelining: 1 });
    const ask: Ask = (answer) => askOverHttp(pool, { path: pathname, headers, body }, answer);
    return { all: Array.from({ length: readers }, () => ask), close: () => pool.destroy() };
  }
  const chats = await Promise.all(Array.from({ length: readers }, () => openChat(url, headers)));
  const all = chats.map(
    (chat): Ask =>
      (answer) =>
        chat.ask((piece) => answer.take(piece)),
  );
  return { all, close: () => chats.map((chat) => chat.cut()) };
}

interface HttpCall {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

function askOverHttp(pool: Pool, { path, headers, body }: HttpCall, answer: AnswerMeter): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let status = 0;
  pool.dispatch(
    {
      path,
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
      bodyTimeout: MAX_ANSWER_MS,
    },
    {
      onRequestStart() {},
      onResponseStart(_: unknown, code: number) {
        status = code;
      },
      onResponseData(_: unknown, chunk: Buffer) {
        if (status === 200) answer.take(chunk.toString('latin1'));
      },
      onResponseEnd: () => (status === 200 ? resolve() : reject(new Error(`answered with ${status}`))),
      onResponseError: (_: unknown, error: Error) => reject(error),
    },
  );
  return promise;
}

/** Cuts the socket of a chat in the middle of an answer; the time from then to the first chunk on a new one: a histogram in nanoseconds. */
async function resume({ url, headers, count, cutAfter, tokens }: ResumePlan): Promise<string> {
  const times = createHistogram();
  for (let index = 0; index < count; index += 1) {
    const chat = await openChat(url, headers);
    const cut = Promise.withResolvers<void>();
    const meter = tokenMeter({ fromNs: 0, toNs: Infinity, tokens }).begin();
    const asked = chat.ask((piece) => {
      if (meter.take(piece) >= cutAfter) cut.resolve();
    });
    await Promise.race([cut.promise, asked]);
    chat.cut();
    await asked.catch(() => {});
    const cutNs = nowNs();
    const again = await openChat(url, headers);
    await again.resume(chat.id, () => recordNs(times, nowNs() - cutNs));
    again.cut();
  }
  return encodeHistogram(times);
}
