// A gateway with client secrets that pin settings, before a provider that records what reaches it and takes what is pinned.

import type { WebSocket } from 'ws';
import type { JsonObject } from '../../../codecs/json/object.ts';
import { clientSecrets } from '../client-secrets.ts';
import { openClient, startGateway, type TestGateway } from '../gateway.ts';
import { message } from '../inbox.ts';
import { startProvider } from '../provider.ts';
import { until } from '../until.ts';
import { type Bypass, bytesOf, dialectAt, type Message, type PinPolicy } from './cases.ts';

export interface PinnedGateway {
  /** Opens a session with a secret of these settings; undefined: of none. */
  open(path: string, pinned: JsonObject | undefined): Promise<PinnedClient>;
  close(): Promise<void>;
}

export interface PinnedClient {
  readonly ws: WebSocket;
  /** The messages that have reached the provider. */
  readonly arrived: readonly Buffer[];
  /** Lets the provider answer the update of the gateway, which it does by itself unless it is told to wait. */
  answer(): void;
  readonly gateway: TestGateway;
}

export interface PinnedGatewayOptions {
  /** The provider answers the update of the gateway when it is told to. */
  readonly isSlow?: boolean;
}

export async function startPinnedGateway({ isSlow = false }: PinnedGatewayOptions = {}): Promise<PinnedGateway> {
  const arrived = new Map<WebSocket, Buffer[]>();
  const provider = await startProvider({
    onSession(ws) {
      const messages: Buffer[] = [];
      arrived.set(ws, messages);
      ws.on('message', (data: Buffer) => {
        messages.push(data);
        if (!isSlow && isUpdate(data)) take(ws, data);
      });
    },
  });
  const secrets = clientSecrets();
  const gateway = await startGateway({ provider: provider.url, secrets, limits: { closeMs: 200 } });
  return {
    async open(path, pinned) {
      const credential = secrets.make(pinned === undefined ? {} : { session: pinned });
      const ws = await openClient(gateway.url + path, { headers: { authorization: `Bearer ${credential}` } });
      const upstream = await provider.next();
      const messages = arrived.get(upstream) ?? [];
      return {
        ...{ ws, arrived: messages, gateway },
        answer: () => take(upstream, messages.find(isUpdate) ?? Buffer.from('{}')),
      };
    },
    async close() {
      await gateway.close();
      await provider.close();
    },
  };
}

const isUpdate = (data: Buffer): boolean => data.includes('"trunkline-pinned"');

/** Answers as OpenAI does: with all of the session. */
function take(ws: WebSocket, update: Buffer): void {
  const { session } = JSON.parse(update.toString());
  ws.send(JSON.stringify({ type: 'session.updated', event_id: 'e', session: { id: 's', ...session } }));
}

/** Tells whether the gateway applies the settings by an event of its own. */
export const isUpdated = ({ path, pinned }: PinPolicy): boolean =>
  dialectAt(new URL(path, 'ws://a').pathname).pins?.hold(pinned).start !== undefined;

/** Opens a session of a policy: its settings, or the message that it begins with, have reached the provider. */
export async function openPolicy(gateway: PinnedGateway, policy: PinPolicy): Promise<PinnedClient> {
  const { path, pinned, first } = policy;
  const opened = await gateway.open(path, pinned);
  if (first !== undefined) opened.ws.send(JSON.stringify(first));
  if (first !== undefined || isUpdated(policy)) await until(() => opened.arrived.length > 0);
  return opened;
}

export const send = (ws: WebSocket, sent: Message): void =>
  typeof sent === 'object' && 'sound' in sent ? ws.send(sent.sound) : ws.send(bytesOf(sent), { binary: false });

/** Sends it in one frame. */
export const whole = (ws: WebSocket, { payload, binary = false }: Bypass): void =>
  ws.send(bytesOf(payload), { binary });

/** Sends it in three frames, with pings between them. */
export function inFragments(ws: WebSocket, { payload, binary = false }: Bypass): void {
  const data = bytesOf(payload);
  const [one, two] = [Math.floor(data.length / 3), Math.floor((2 * data.length) / 3)];
  ws.send(data.subarray(0, one), { binary, fin: false });
  ws.ping();
  ws.send(data.subarray(one, two), { binary, fin: false });
  ws.ping();
  ws.send(data.subarray(two), { binary, fin: true });
}

/** Sends it in as many frames as a message may have, of a byte or two each where it is short. */
export function inManyFrames(ws: WebSocket, { payload, binary = false }: Bypass): void {
  const data = bytesOf(payload);
  const step = Math.ceil(data.length / 60);
  for (let at = 0; at < data.length; at += step)
    ws.send(data.subarray(at, at + step), { binary, fin: at + step >= data.length });
}

/** The code of the next refusal that the client is told; messages of the provider are read over. */
export async function refusal(ws: WebSocket): Promise<string> {
  for (;;) {
    const event = JSON.parse((await message(ws)).data.toString());
    if (event.type === 'error') return event.error.code;
    if (event.type === 'Warning') return event.code;
  }
}
