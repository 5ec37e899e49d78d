// A provider of calls for tests: it answers offers, knows the calls that it has, tells of them on their sidebands, and ends them.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { WebSocket } from 'ws';
import { type FakeProvider, startProvider } from './provider.ts';

interface AskedOf {
  readonly method: string;
  /** With its query. */
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface CallProvider extends FakeProvider {
  /** Every plain request, oldest first. */
  readonly asked: readonly AskedOf[];
  /** Sidebands that are open, by the id of the call. */
  readonly sidebands: ReadonlyMap<string, readonly WebSocket[]>;
  /** Calls that go on. */
  readonly calls: ReadonlySet<string>;
  /** Resolves with the request of this method whose URL ends so, once it has come. */
  request(end: string, method?: string): Promise<AskedOf>;
  /** Resolves with the newest sideband of a call, once there have been so many. */
  sideband(id: string, count?: number): Promise<WebSocket>;
  /** Ends a call as a caller who hangs up. */
  end(id: string): void;
}

export interface CallProviderOptions {
  /** Answers in the place of the usual answer; false: it does not. */
  answer?(asked: AskedOf, response: ServerResponse): boolean;
  onSideband?(id: string, ws: WebSocket): void;
  /** Returns the status that a sideband is refused with; undefined: it is as usual. */
  refuseSideband?(id: string): number | undefined;
  sdp?(offer: string): string;
}

export const ANSWER = 'v=0\r\no=- 2 2 IN IP4 127.0.0.1\r\ns=-\r\n';

export async function startCallProvider(options: CallProviderOptions = {}): Promise<CallProvider> {
  const asked: AskedOf[] = [];
  const calls = new Set<string>();
  const sidebands = new Map<string, WebSocket[]>();
  const waiting: { isDone(): boolean; resolve(): void }[] = [];
  let last = 0;
  const look = (): void => {
    for (const one of waiting) if (one.isDone()) one.resolve();
  };
  const until = (isDone: () => boolean) =>
    new Promise<void>((resolve) => {
      if (isDone()) return resolve();
      waiting.push({ isDone, resolve });
    });
  const end = (id: string): void => {
    calls.delete(id);
    for (const ws of sidebands.get(id) ?? []) ws.close(1000);
  };
  const idOf = (url = ''): string =>
    new URL(url, 'http://x').searchParams.get('call_id') ?? /\/sessions\/([^/]+)\//.exec(url)?.[1] ?? '';

  function answerOf(one: AskedOf, response: ServerResponse): void {
    const { pathname } = new URL(one.url, 'http://x');
    const send = (status: number, headers: Record<string, string>, body = ''): void => {
      response.writeHead(status, { ...headers, 'content-length': String(Buffer.byteLength(body)) }).end(body);
    };
    const json = (status: number, body: object): void =>
      send(status, { 'content-type': 'application/json' }, JSON.stringify(body));
    const [, id = '', action = ''] = /\/(?:calls|sessions)\/([^/]+)\/(\w+)$/.exec(pathname) ?? [];
    if (action === 'content') return void send(200, { 'content-type': 'audio/wav' }, 'RIFF of the call');
    if (action === '' || action === 'fork') {
      last += 1;
      const made = `${pathname.includes('/live/') ? 'live' : 'rtc'}_${last}`;
      calls.add(made);
      if (pathname.includes('/live/')) {
        const { transport } = JSON.parse(one.body);
        return void json(201, { session: { id: made }, transport: { type: transport.type, sdp: ANSWER } });
      }
      const offer = /v=0[\s\S]*?(?=\r\n--|$)/.exec(one.body)?.[0] ?? '';
      const location = `https://api.openai.com${pathname}/${made}`;
      return void send(201, { 'content-type': 'application/sdp', location }, options.sdp?.(offer) ?? ANSWER);
    }
    if (action === 'accept') calls.add(id);
    else if (!calls.has(id))
      return void json(404, { error: { message: 'no such call', type: 'invalid_request_error' } });
    if (action === 'hangup' || action === 'reject') end(id);
    send(200, {});
  }

  const provider = await startProvider({
    onRequest: async (request, response) => {
      let body = '';
      for await (const piece of request) body += piece;
      const one = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body };
      asked.push(one);
      if (!options.answer?.(one, response)) answerOf(one, response);
      look();
    },
    onUpgrade: ({ url }, socket, accept) => {
      const id = idOf(url);
      const status = options.refuseSideband?.(id) ?? (calls.has(id) ? undefined : 404);
      if (status === undefined) accept();
      else socket.end(`HTTP/1.1 ${status} Refused\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
      return true;
    },
    onSession: (ws, request) => {
      const id = idOf(request.url);
      sidebands.set(id, [...(sidebands.get(id) ?? []), ws]);
      options.onSideband?.(id, ws);
      look();
    },
  });
  const found = (tail: string, method: string) => asked.find((one) => one.method === method && one.url.endsWith(tail));
  return {
    ...provider,
    ...{ asked, calls, sidebands, end },
    next: () => provider.next(),
    close: () => provider.close(),
    async request(tail, method = 'POST') {
      await until(() => found(tail, method) !== undefined);
      return found(tail, method) as AskedOf;
    },
    async sideband(id, count = 1) {
      await until(() => (sidebands.get(id)?.length ?? 0) >= count);
      return sidebands.get(id)?.at(-1) as WebSocket;
    },
  };
}
