// A gateway with a provider of calls, and clients of its keys.

import type { WebSocket } from 'ws';
import type { Outbox } from '../../server/gateway/side/outbox.ts';
import type { SessionEvent } from '../../server/ipc/session-event.ts';
import { type CallProvider, type CallProviderOptions, startCallProvider } from './call-provider.ts';
import { startGateway, type TestGateway } from './gateway.ts';

export const CALL_OFFER = 'v=0\r\ns=-\r\n';
export const CALL_MODEL = 'gpt-realtime-2.1';

export interface MadeCall {
  /** The provider's id of the call. */
  readonly id: string;
  readonly session: string;
  readonly sideband: WebSocket;
}

export interface CallGateway {
  readonly provider: CallProvider;
  readonly gateway: TestGateway;
  /** The events that were handed over to be stored. */
  readonly events: readonly SessionEvent[];
  /** Replaces what the provider does otherwise. */
  readonly play: { -readonly [Name in keyof CallProviderOptions]: CallProviderOptions[Name] };
  ask(key: string, session?: object): Promise<Response>;
  make(key?: string, session?: object): Promise<MadeCall>;
  makeLive(key?: string): Promise<MadeCall>;
  close(): Promise<void>;
}

export const headersOfKey = (key: string) => ({ authorization: `Bearer secret-of-${key}` });

export async function startCallGateway(keys: readonly object[], limits: object = {}): Promise<CallGateway> {
  const events: SessionEvent[] = [];
  const play: CallGateway['play'] = {};
  const provider = await startCallProvider({
    refuseSideband: (id) => play.refuseSideband?.(id),
    answer: (asked, response) => play.answer?.(asked, response) ?? false,
  });
  const outbox = {
    ...{ isFull: false, items: 0, bytes: 0, lost: 0 },
    fullness: () => undefined,
    push: (event: SessionEvent) => Boolean(events.push(event)),
  } as unknown as Outbox;
  // The store knows of no id.
  const findOwners = async (digests: readonly string[]) => digests.map(() => null);
  const bounds = { usageMs: 2000, ...limits };
  const gateway = await startGateway({ provider: provider.url, keys, outbox, findOwners, limits: bounds });
  const base = `http://127.0.0.1:${gateway.port}`;
  const ask = (key: string, session: object = { model: CALL_MODEL }): Promise<Response> => {
    const body = new FormData();
    body.set('sdp', CALL_OFFER);
    body.set('session', JSON.stringify({ type: 'realtime', ...session }));
    return fetch(`${base}/v1/realtime/calls`, { method: 'POST', headers: headersOfKey(key), body });
  };
  const made = async (response: Response, id = ''): Promise<MadeCall> => {
    if (response.status !== 201) throw new Error(`no call was made: ${response.status}`);
    return { id, session: response.headers.get('x-trunkline-session') ?? '', sideband: await provider.sideband(id) };
  };
  return {
    ...{ provider, gateway, events, play, ask },
    async make(key = 'ann', session) {
      const response = await ask(key, session);
      return made(response, response.headers.get('location')?.split('/').at(-1));
    },
    async makeLive(key = 'ann') {
      const headers = { ...headersOfKey(key), 'content-type': 'application/json' };
      const transport = { type: 'webrtc', sdp: CALL_OFFER };
      const body = JSON.stringify({ session: { model: 'gpt-live-1' }, transport });
      const response = await fetch(`${base}/v1/live/sessions`, { method: 'POST', headers, body });
      return made(response, (await response.json()).session.id);
    },
    async close() {
      await gateway.close();
      await provider.close();
    },
  };
}

export const tell = (ws: WebSocket, event: object) => ws.send(JSON.stringify(event));

/** Tells of a turn: so many tokens heard, and as many spoken. */
export function tellTurn(ws: WebSocket, tokens: number): void {
  tell(ws, { type: 'input_audio_buffer.speech_stopped', item_id: 'item_1' });
  tell(ws, { type: 'response.output_audio_transcript.done', item_id: 'item_2', transcript: 'Good morning.' });
  const usage = {
    ...{ total_tokens: 2 * tokens, input_tokens: tokens, output_tokens: tokens },
    input_token_details: { audio_tokens: tokens },
    output_token_details: { audio_tokens: tokens },
  };
  tell(ws, { type: 'response.done', response: { id: 'resp_1', status: 'completed', output: [], usage } });
}
