// A call whose session survives its provider: a client, a gateway, and a provider that the test plays.

import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import { openClient, startGateway, type TestGateway } from './gateway.ts';
import { message } from './inbox.ts';
import { startProvider } from './provider.ts';
import { onEnd } from './surviving-call.ts';
import { until } from './until.ts';

/** One socket of the provider. */
export interface HeardLeg {
  readonly ws: WebSocket;
  readonly request: IncomingMessage;
  /** Messages that are no sound, in order; JSON is parsed. */
  readonly said: unknown[];
  /** The sound so far. */
  readonly sound: () => Buffer;
  /** The messages of sound so far. */
  readonly messages: Buffer[];
  /** Sends an event, or sound. */
  tell(event: object | Buffer): void;
}

interface PlayedCall {
  readonly gateway: TestGateway;
  readonly client: WebSocket;
  /** Messages that the client got, in order; sound is `{ sound }`, in hex. */
  readonly events: Record<string, unknown>[];
  readonly closes: number[];
  /** Sends sound, or a message. */
  say(what: Buffer | string | object): void;
  leg(number: number): Promise<HeardLeg>;
}

/** `first`: the messages with which each socket of the provider begins. */
export async function playedCall(
  path: string,
  first: (number: number) => readonly object[] = () => [],
  config: Record<string, unknown> = {},
): Promise<PlayedCall> {
  const legs: HeardLeg[] = [];
  const provider = await startProvider({
    onSession(ws, request) {
      const said: unknown[] = [];
      const messages: Buffer[] = [];
      const tell = (event: object | Buffer): void => ws.send(Buffer.isBuffer(event) ? event : JSON.stringify(event));
      legs.push({ ws, request, said, messages, sound: () => Buffer.concat(messages), tell });
      ws.on('message', (data, isBinary) => {
        if (isBinary) messages.push(data as Buffer);
        else said.push(String(data).startsWith('{') ? JSON.parse(String(data)) : String(data));
      });
      for (const event of first(legs.length)) tell(event);
    },
  });
  onEnd(() => provider.close());
  const gateway = await startGateway({ provider: provider.url, ...config });
  onEnd(() => gateway.close());
  const client = await openClient(`${gateway.url}${path}${path.includes('?') ? '&' : '?'}trunkline-survive=provider`);
  onEnd(async () => client.terminate());
  const events: PlayedCall['events'] = [];
  const closes: number[] = [];
  void (async () => {
    for (;;) {
      const { data, binary } = await message(client);
      events.push(binary ? { sound: data.toString('hex') } : JSON.parse(String(data)));
    }
  })();
  client.on('close', (code) => closes.push(code));
  return {
    ...{ gateway, client, events, closes },
    say: (what) => client.send(Buffer.isBuffer(what) || typeof what === 'string' ? what : JSON.stringify(what)),
    async leg(number) {
      await until(() => legs.length >= number);
      return legs[number - 1] as HeardLeg;
    },
  };
}

/** Sound of so many milliseconds, all bytes of which are different from those around them: `from` is the place of the first. */
export function soundOf(ms: number, bytesPerSecond: number, from = 0): Buffer {
  const bytes = (ms * bytesPerSecond) / 1000;
  return Buffer.from(Array.from({ length: bytes }, (_, at) => (from + at) % 251));
}
