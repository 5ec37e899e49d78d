// A provider that speaks Realtime as far as a session needs that goes on: it keeps settings and items, and answers what it is asked.

import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import { type FakeProvider, type FakeProviderOptions, startProvider } from './provider.ts';

type Event = Record<string, unknown> & { readonly type: string };

/** One socket, and what it was told. */
export interface ProviderLeg {
  readonly ws: WebSocket;
  readonly number: number;
  readonly request: IncomingMessage;
  /** Events of the client, in order. */
  readonly told: Event[];
  /** Items by their ids, in order. */
  readonly items: Map<string, Record<string, unknown>>;
  readonly session: Record<string, unknown>;
  /** The audio that was appended, joined. */
  readonly audio: () => string;
  send(event: object): void;
  /** Speaks a reply; `isCut`: without its end. */
  reply(words: readonly string[], isCut?: boolean): void;
}

export interface RealtimeProvider {
  readonly provider: FakeProvider;
  readonly legs: readonly ProviderLeg[];
  close(): Promise<void>;
}

interface RealtimeProviderOptions extends Pick<FakeProviderOptions, 'onUpgrade'> {
  /** Seconds until a socket ends, as it says; undefined: it says nothing of that. */
  expiresIn?(number: number): number | undefined;
  /** Tells which updates of settings it answers with an error. */
  refuses?(update: Event): boolean;
  /** Answers `response.create`; left out: with one word. */
  onRequest?(leg: ProviderLeg): void;
}

export async function startRealtimeProvider(options: RealtimeProviderOptions = {}): Promise<RealtimeProvider> {
  const legs: ProviderLeg[] = [];
  const provider = await startProvider({
    ...(options.onUpgrade && { onUpgrade: options.onUpgrade }),
    onSession: (ws, request) => legs.push(openLeg({ ws, request, number: legs.length + 1 }, options)),
  });
  return { provider, legs, close: () => provider.close() };
}

function openLeg(
  { ws, request, number }: Pick<ProviderLeg, 'ws' | 'request' | 'number'>,
  { expiresIn, refuses, onRequest }: RealtimeProviderOptions,
): ProviderLeg {
  const told: Event[] = [];
  const items = new Map<string, Record<string, unknown>>();
  const session: Record<string, unknown> = { type: 'realtime', object: 'realtime.session', id: `sess_${number}` };
  let made = 0;
  const send = (event: object): void => ws.send(JSON.stringify({ event_id: `event_${number}_${++made}`, ...event }));
  const added = (item: Record<string, unknown>): void => {
    const id = typeof item.id === 'string' ? item.id : `item_${number}_${++made}`;
    const known = { object: 'realtime.item', status: 'completed', ...item, id };
    items.set(id, known);
    send({ type: 'conversation.item.added', item: known });
    send({ type: 'conversation.item.done', item: known });
  };
  const leg: ProviderLeg = {
    ...{ ws, number, request, told, items, session, send },
    audio: () => told.map(({ type, audio }) => (type === 'input_audio_buffer.append' ? audio : '')).join(''),
    reply(words, isCut = false) {
      const response_id = `resp_${number}_${++made}`;
      const id = `item_${number}_${++made}`;
      const item = { id, type: 'message', role: 'assistant', content: [] };
      const usage = { total_tokens: 3, input_tokens: 1, output_tokens: 2 };
      send({ type: 'response.created', response: { id: response_id, status: 'in_progress' } });
      send({ type: 'response.output_item.added', response_id, item });
      send({ type: 'conversation.item.added', item });
      for (const delta of words) {
        send({ type: 'response.output_audio_transcript.delta', response_id, item_id: id, delta });
        send({ type: 'response.output_audio.delta', response_id, item_id: id, delta: 'AAAA' });
      }
      if (isCut) return;
      const done = { ...item, content: [{ type: 'output_audio', transcript: words.join('') }] };
      items.set(id, done);
      send({ type: 'response.output_audio_transcript.done', response_id, item_id: id, transcript: words.join('') });
      send({ type: 'response.output_item.done', response_id, item: done });
      send({ type: 'conversation.item.done', item: done });
      send({ type: 'response.done', response: { id: response_id, status: 'completed', usage } });
    },
  };
  ws.on('message', (data) => {
    const event = JSON.parse(String(data)) as Event;
    told.push(event);
    if (event.type === 'session.update' && refuses?.(event)) {
      const { event_id = null } = event;
      send({ type: 'error', error: { type: 'invalid_request_error', code: 'invalid_value', event_id } });
    } else if (event.type === 'session.update') {
      Object.assign(session, event.session);
      send({ type: 'session.updated', session });
    } else if (event.type === 'conversation.item.create') added(event.item as Record<string, unknown>);
    else if (event.type === 'response.create') (onRequest ?? ((of) => of.reply(['Yes.'])))(leg);
  });
  const seconds = expiresIn?.(number);
  const expires_at = seconds === undefined ? undefined : Math.floor(Date.now() / 1000 + seconds);
  send({ type: 'session.created', session: { ...session, expires_at } });
  return leg;
}
