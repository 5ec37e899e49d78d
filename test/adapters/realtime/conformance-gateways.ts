// Gateways before a fake provider, for the conformance suite: with keys, open, forwarding what clients bring, and without a provider.

import { EventEmitter, once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import type { WebSocket } from 'ws';
import { providers } from '../../../adapters/realtime/index.ts';
import type { Outbox } from '../../../server/gateway/side/outbox.ts';
import type { SessionEvent } from '../../../server/ipc/session-event.ts';
import type { SessionRecord } from '../../../server/ipc/session-record.ts';
import type { ContextAnswer, SideHandler } from '../../../server/ipc/side-request.ts';
import { openClient, refusedUpgrade, startGateway, type TestGateway } from '../../support/gateway.ts';
import type { Message } from '../../support/inbox.ts';
import { type FakeProvider, startProvider } from '../../support/provider.ts';
import { frameBytes, openRaw, type RawSocket, upgradeRequest } from '../../support/raw-socket.ts';
import type { FixtureTurn } from './fixture.ts';

export const KEY = 'secret-of-client';
/** Secret of a key that may use models alone whose names have `allowed` in them. */
export const LISTED_KEY = 'secret-with-list';
export const PROVIDER_KEY = 'secret-at-provider';

/** Words that no provider may see, whatever the credential. */
const intrusive = {
  cookie: 'a=CANARY',
  'x-forwarded-for': 'CANARY',
  'x-real-ip': 'CANARY',
  forwarded: 'for=CANARY',
  via: 'CANARY',
  'proxy-authorization': 'CANARY',
  'x-anything': 'CANARY',
};

type Which = 'keyed' | 'open' | 'forwarding' | 'unconfigured';

interface Request {
  readonly headers: Readonly<Record<string, string>>;
  readonly protocols: readonly string[];
  /** The client's first message, which the provider is to get in one form or another. */
  readonly first?: Message | undefined;
}

export type ConformanceGateways = Awaited<ReturnType<typeof startGateways>>;

export async function startGateways(name: string, context: string) {
  const received = new EventEmitter();
  const upstream = await startProvider({
    onSession: (ws) => ws.on('message', (data) => received.emit('message', data)),
  });
  const events: SessionEvent[] = [];
  const outbox = {
    push: (event: SessionEvent) => void events.push(event),
    fullness: () => undefined,
  } as unknown as Outbox;
  const needed = providers.get(name)?.endpoints.flatMap(({ needsSetting = [] }) => needsSetting) ?? [];
  const settings = Object.fromEntries(needed.map((setting) => [setting, 'on']));
  const account = ({ url }: FakeProvider, apiKey: string) => ({
    [name]: { baseUrl: url, apiKey, allowPrivate: true, settings },
  });
  const keys = [
    { id: 'all', secret: KEY, callIds: 'any' },
    { id: 'listed', secret: LISTED_KEY, models: [`${name}/*allowed*`] },
  ];
  const all: Readonly<Record<Which, TestGateway>> = {
    keyed: await startGateway({ keys, providers: account(upstream, PROVIDER_KEY) }),
    open: await startGateway({ providers: account(upstream, PROVIDER_KEY) }),
    forwarding: await startGateway({ providers: account(upstream, 'client') }),
    unconfigured: await startGateway({ rehearsal: false, providers: {} }),
  };
  /** Its provider has no sessions but those of `open`. */
  const talking = await startProvider();
  // The session in a path was given to the key with the list. A provider that does not answer is not waited for.
  const findOwners = async (digests: readonly string[]) => digests.map(() => 'listed');
  const side = { outbox, askSide: contextSide(name, context), findOwners, limits: { usageMs: 50 } };
  const sessions = await startGateway({ ...side, keys, providers: account(talking, PROVIDER_KEY) });

  return {
    /** One handshake: what the client is answered, and all that the provider saw of it, decoded, with the first message. */
    async shake(which: Which, target: string, { headers, protocols, first }: Request) {
      const before = upstream.requests.length;
      const raw = openRaw(all[which].port);
      const offer = protocols.length === 0 ? undefined : protocols.join(', ');
      raw.send(upgradeRequest(target, { ...intrusive, ...headers, 'Sec-WebSocket-Protocol': offer }));
      const { status, headers: answer } = await raw.answer();
      const body = status === 101 ? '' : (await raw.rest()).toString();
      const sent = status === 101 && first !== undefined ? await this.passed(raw, first) : '';
      raw.socket.destroy();
      const seen = upstream.requests.slice(before).map(({ url, rawHeaders }) => `${url} ${rawHeaders.join(' ')}`);
      if (sent !== '') seen.push(sent);
      return { status, body, subprotocol: answer['sec-websocket-protocol'], seen: decodeURIComponent(seen.join('\n')) };
    },
    /** Sends a message, and gives what the provider gets of it. */
    async passed(raw: RawSocket, { data, binary }: Message): Promise<string> {
      const arrived = once(received, 'message');
      raw.send(frameBytes(binary ? 2 : 1, data));
      return String((await arrived)[0]);
    },
    /** Upgrades that the provider of all but `open` has seen so far. */
    dialled: () => upstream.requests.length,
    /** A client behind its 101, without a credential in its handshake unless it is among the headers. */
    connect: (which: Which, target: string, headers: Readonly<Record<string, string>> = {}) =>
      openClient(all[which].url + target, { headers }),
    refusal: (which: Which, target: string, headers: Readonly<Record<string, string>> = {}) =>
      refusedUpgrade(all[which].url + target, { headers }),
    /** A request that is no upgrade. */
    async get(which: Which, target: string, headers: Readonly<Record<string, string>> = {}, method = 'GET') {
      const asked = httpRequest({ port: all[which].port, path: target, headers, method }).end();
      const [response] = await once(asked, 'response');
      return { status: response.statusCode as number, body: await text(response) };
    },
    /** Both ends of a session. */
    async open(target: string, key: string): Promise<{ readonly client: WebSocket; readonly upstream: WebSocket }> {
      const client = await openClient(sessions.url + target, { headers: { authorization: `Bearer ${key}` } });
      return { client, upstream: await talking.next() };
    },
    /** The client's end of a session whose handshake has no credential. The provider's end comes with the first message. */
    begin: (target: string): Promise<WebSocket> => openClient(sessions.url + target),
    provider: (): Promise<WebSocket> => talking.next(),
    /** The record of the session that `open` gave, after its end. */
    ended: (): Promise<SessionRecord> => sessions.nextEnd(),
    turnsOf: (id: string): readonly FixtureTurn[] =>
      events.flatMap((event) => {
        if (event.kind !== 'turn' || event.session !== id) return [];
        const { user = '', assistant = '', isInterrupted } = event;
        return [{ user, assistant, ...(isInterrupted && { isInterrupted }) }];
      }),
    async close() {
      await Promise.all([sessions, ...Object.values(all)].map((gateway) => gateway.close()));
      await Promise.all([upstream.close(), talking.close()]);
    },
  };
}

/** A side path that keeps a context of every session. */
const contextSide =
  (provider: string, text: string): SideHandler =>
  async ({ path }, emit) => {
    const [, session = ''] = /^\/v1\/sessions\/([^/]+)\/context$/.exec(path) ?? [];
    const answer: ContextAnswer = { session, provider, dataClass: 'open', from: 'turns', text, isCut: false };
    emit({ status: 200, headers: {}, body: Buffer.from(JSON.stringify(answer)) });
  };
