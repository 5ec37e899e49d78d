// Property of runs over two machines with two side processes each: whatever a client drops and resumes, wherever it comes back, every chunk comes
// once, in order, and of its own answer. TRUNKLINE_LONG=1 drops the clients of 600 rounds, else of 20.

import type { UIMessageChunk } from 'ai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { GatewayChatTransport } from '../../../../client/index.ts';
import { readDropped } from '../../../support/dropped-streams.ts';
import { type LlmGateway, llmGateway } from '../../../support/llm-gateway.ts';
import { postgresForTests } from '../../../support/postgres.ts';
import { killAll } from '../../../support/processes.ts';
import { seededRandom } from '../../../support/random.ts';
import { type Served, serve } from '../../../support/served.ts';
import { until } from '../../../support/until.ts';

const ROUNDS = process.env.TRUNKLINE_LONG === '1' ? 600 : 20;
const AT_ONCE = 5;
const { below } = seededRandom(20261130);
const postgres = await postgresForTests();
let llm: LlmGateway;
let machines: readonly Served[] = [];

/** The words of the answer to a text, by which each is told from all others. */
const wordsFor = (text: string): readonly string[] =>
  Array.from({ length: 10 + ((text.length * 7 + text.charCodeAt(text.length - 1)) % 30) }, (_, at) => `${text}.${at} `);

const textFor = (text: string): string => wordsFor(text).join('');
const textOf = (chunks: readonly UIMessageChunk[]): string =>
  chunks.map((chunk) => (chunk.type === 'text-delta' ? chunk.delta : '')).join('');

beforeAll(async () => {
  if (postgres === undefined) return;
  llm = await llmGateway({
    script({ body }) {
      const words = wordsFor(/ask-[\w-]+/.exec(JSON.stringify(body))?.[0] ?? '');
      return { text: words.join(''), pieces: words.length, everyMs: below(20), delayMs: below(150) };
    },
  });
  const config = {
    ...{ store: { url: await postgres.database() }, rehearsal: false, side: { processes: 2 }, tasks: [] },
    gateways: { scripted: { profile: 'openai-compatible', baseUrl: llm.baseUrl, apiKey: 'x', allowPrivate: true } },
    classes: { plain: { targets: [{ gateway: 'scripted', model: 'm' }], unknownPrice: 'allow' } },
  };
  machines = await Promise.all([serve(config), serve(config)]);
});
afterAll(async () => {
  for (const { child, exited } of machines) {
    if (child.exitCode === null && child.signalCode === null) killAll(child);
    await exited;
  }
  await llm?.close();
});

const anyMachine = (): Served => machines[below(machines.length)] as Served;
const anyHttp = (path: string) => `${anyMachine().url.replace('ws', 'http')}${path}`;

/** Dials any machine, and is lost after a while, or after some messages. */
class LostSocket extends WebSocket {
  constructor({ pathname }: URL, protocols: string[]) {
    super(`${anyMachine().url}${pathname}`, protocols);
    this.on('error', () => {});
    const [how, much] = [below(4), below(60)];
    let messages = 0;
    if (how === 0) setTimeout(() => this.terminate(), 4 * much);
    if (how === 1) this.on('message', () => messages++ === much % 12 && this.terminate());
    if (how === 2) this.on('message', () => messages++ === much && this.terminate());
  }
}

/** Asks in a chat as a tab of its own. Resolves with the chunks of its answer. */
async function readInTab(chatId: string, text: string): Promise<readonly UIMessageChunk[]> {
  const transport = new GatewayChatTransport({
    ...{ gateway: anyHttp(''), credential: 'any', body: { model: 'm' }, retry: { firstMs: 5, mostMs: 100 } },
    WebSocket: LostSocket as never,
  });
  const message = { id: 'u', role: 'user' as const, parts: [{ type: 'text' as const, text }] };
  const asked = { trigger: 'submit-message' as const, messageId: undefined, abortSignal: undefined };
  const stream = await transport.sendMessages({ ...asked, chatId, messages: [message] });
  const chunks: UIMessageChunk[] = [];
  for await (const chunk of stream as unknown as AsyncIterable<UIMessageChunk>) chunks.push(chunk);
  transport.close();
  return chunks;
}

async function chunksOf(chat: string): Promise<readonly UIMessageChunk[]> {
  const text = await (await fetch(anyHttp(`/v1/ui/chat/${chat}/stream`))).text();
  return [...text.matchAll(/^data: (\{.*)$/gm)].map(([, chunk = '']) => JSON.parse(chunk));
}

async function inTurns(round: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < ROUNDS) await round(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

describe.skipIf(postgres === undefined)('over two machines with two side processes each', () => {
  test(
    'a page that loses its sockets gets every chunk of its answer once, in order, also where another tab asks',
    async () => {
      await inTurns(async (index) => {
        const chat = `chat-${index}`;
        const texts = Array.from({ length: 1 + (index % 2) }, (_, tab) => `ask-${index}-${tab}`);
        const answers = await Promise.all(texts.map((text) => readInTab(chat, text)));
        for (const [tab, chunks] of answers.entries()) {
          expect(textOf(chunks)).toBe(textFor(texts[tab] ?? ''));
          expect(chunks.map(({ type }) => type).filter((type) => type !== 'text-delta')).toEqual([
            ...['start', 'start-step', 'text-start', 'text-end', 'finish-step', 'finish'],
          ]);
        }
        // A page that is loaded anew reads one of them, on whichever machine, as soon as the store of a slow one has it.
        const again = await until(async () => textOf(await chunksOf(chat)) || undefined);
        expect(texts.map(textFor)).toContain(again);
      });
    },
    60_000 + ROUNDS * 4000,
  );

  test(
    'a client of Responses that drops its streams gets every event once, in order',
    async () => {
      let drops = 0;
      await inTurns(async (index) => {
        const input = `ask-response-${index}`;
        const seen = await readDropped({
          ask: (signal) =>
            fetch(anyHttp('/v1/responses'), {
              ...{ method: 'POST', signal, headers: { 'content-type': 'application/json', connection: 'close' } },
              body: JSON.stringify({ model: 'm', input, stream: true }),
            }),
          resume: (id, after, signal) =>
            fetch(anyHttp(`/v1/responses/${id}?stream=true&starting_after=${after}`), {
              ...{ signal, headers: { connection: 'close' } },
            }),
          most: () => 1 + below(20),
        });
        drops += seen.drops;
        expect(seen.sequences).toEqual(seen.sequences.map((_, at) => at));
        expect(seen.words.join('')).toBe(textFor(input));
      });
      expect(drops).toBeGreaterThan(ROUNDS);
    },
    60_000 + ROUNDS * 4000,
  );
});
