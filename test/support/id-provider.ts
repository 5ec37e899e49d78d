// A provider that hands out ids: of responses, conversations, items and containers (Responses), handles (Gemini Live) and sessions (OpenAI Live); and
// clients of two keys that use them.

import type { WebSocket } from 'ws';
import { openClient, type TestGateway } from './gateway.ts';
import { message } from './inbox.ts';
import { type FakeProvider, startProvider } from './provider.ts';

export interface IdProvider extends FakeProvider {
  /** Every message that arrived, oldest first. */
  readonly received: readonly string[];
}

export async function startIdProvider(): Promise<IdProvider> {
  const received: string[] = [];
  let last = 0;
  const provider = await startProvider({
    onSession: (ws) =>
      ws.on('message', (data: Buffer) => {
        received.push(data.toString());
        const event = JSON.parse(data.toString());
        const send = (answer: object) => ws.send(JSON.stringify(answer));
        last += 1;
        if (event.setup !== undefined) {
          send({ setupComplete: {} });
          send({ sessionResumptionUpdate: { newHandle: `handle_${last}`, resumable: true } });
        }
        if (event.type === 'session.start') send({ type: 'session.started', session: { id: `live_${last}` } });
        if (event.type === 'response.create') for (const answer of answersOf(last)) send(answer);
      }),
  });
  return { ...provider, received, next: () => provider.next(), close: () => provider.close() };
}

function answersOf(number: number): readonly object[] {
  const response = { id: `resp_${number}`, model: 'gpt-5', conversation: { id: `conv_${number}` } };
  const output = [
    { type: 'reasoning', id: `rs_${number}` },
    { type: 'code_interpreter_call', id: `ci_${number}`, container_id: `cntr_${number}` },
    { type: 'message', id: `msg_${number}` },
  ];
  return [
    { type: 'response.created', response },
    ...output.map((item) => ({ type: 'response.output_item.added', item })),
    { type: 'response.completed', response: { ...response, output, usage: { input_tokens: 1, output_tokens: 1 } } },
  ];
}

export const RESPONSES = '/v1/responses';
export const GEMINI = '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent';
export const LIVE = '/v1/live/sessions';
/** Keys that share the account. */
export const keys = ['ann', 'bob'].map((id) => ({ id, secret: `secret-of-${id}` }));
export const as = (key: string) => ({ headers: { authorization: `Bearer secret-of-${key}` } });

type Event = Readonly<Record<string, unknown>>;

/** The next event of any type. */
export async function nextEvent(client: WebSocket): Promise<Event> {
  return JSON.parse((await message(client)).data.toString());
}

/** Reads on to the next event of the type. */
export async function eventOf(client: WebSocket, type: string): Promise<Event> {
  for (;;) {
    const event = await nextEvent(client);
    if (event.type === type) return event;
  }
}

/** A client of the key at a gateway. */
export const open = (at: Pick<TestGateway, 'url'>, key: string, path = RESPONSES) => openClient(at.url + path, as(key));

/** Asks for a response, and returns the number that is in all ids of it. */
export async function respond(client: WebSocket): Promise<number> {
  client.send('{"type":"response.create","model":"gpt-5","input":"Hi"}');
  const { response } = (await eventOf(client, 'response.completed')) as { response: { id: string } };
  return Number(response.id.slice('resp_'.length));
}

/** Opens a session of OpenAI Live, and returns the id that it was given. */
export async function liveSession(at: Pick<TestGateway, 'url'>, key: string): Promise<string> {
  const client = await open(at, key, LIVE);
  client.send('{"type":"session.start","session":{"model":"gpt-live-1"}}');
  const { session } = (await eventOf(client, 'session.started')) as { session: { id: string } };
  client.close();
  return session.id;
}

/** Opens a session of Gemini, and returns the handle that it was given. */
export async function resumable(at: Pick<TestGateway, 'url'>, key: string): Promise<string> {
  const client = await open(at, key, GEMINI);
  client.send('{"setup":{"model":"models/gemini-3.8-live","sessionResumption":{}}}');
  for (;;) {
    const { sessionResumptionUpdate: update } = await nextEvent(client);
    if (update === undefined) continue;
    client.close();
    return (update as { newHandle: string }).newHandle;
  }
}
