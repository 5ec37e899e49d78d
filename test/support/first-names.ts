// Providers that refuse or take sessions, and gateways in front of them whose clients name the model in their first message.

import type { Socket } from 'node:net';
import { openClient, startGateway, type TestGateway } from './gateway.ts';
import { message } from './inbox.ts';
import { type FakeProvider, startProvider } from './provider.ts';

const ended: { close(): Promise<void> }[] = [];

/** Closes all that was started. */
export async function closeAll(): Promise<void> {
  for (const one of ended.splice(0).reverse()) await one.close();
}

export const KEY = 'secret-of-app';
const keys = [{ id: 'app', secret: KEY }];
export const headers = { authorization: `Bearer ${KEY}` };
export const GEMINI = '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent';
export const VERTEX = '/ws/google.cloud.aiplatform.v1beta1.LlmBidiService/BidiGenerateContent';

/** Refuses upgrades with this status; 101 takes them. */
export async function refusing(status = 101): Promise<FakeProvider> {
  const made = await startProvider({
    onUpgrade(_, socket: Socket) {
      if (status === 101) return false;
      socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`);
      return true;
    },
  });
  ended.push(made);
  return made;
}

export const account = ({ url }: FakeProvider, kind: string, more: object = {}) => ({
  ...{ kind, baseUrl: url, apiKey: 'key-of-account', allowPrivate: true, preconnect: { connections: 0 } },
  ...more,
});

export async function start(config: Record<string, unknown>): Promise<TestGateway> {
  const gateway = await startGateway({ keys, ...config });
  ended.push(gateway);
  return gateway;
}

/** A gateway with two accounts of this kind, one of which refuses, and a name that has a model of each. */
export async function startPair(kind: string, more: Record<string, unknown> = {}) {
  const [one, two] = [await refusing(503), await refusing()];
  const gateway = await start({
    providers: { one: account(one, kind), two: account(two, kind) },
    models: { voice: ['one/m-one', 'two/m-two'] },
    ...more,
  });
  return { gateway, one, two };
}

export async function open(gateway: TestGateway, path: string, ...messages: readonly string[]) {
  const client = await openClient(gateway.url + path, { headers });
  for (const text of messages) client.send(text);
  return client;
}

export const text = async (from: Parameters<typeof message>[0]) => String((await message(from)).data);

export const setup = (model: string) => `{"setup" : {"model":"${model}", "x":"\\u00e4 voice"}}`;
export const think = (model: string) =>
  `{"type":"Settings","agent":{"listen":{"provider":{"model":"nova-3"}},"think":[{"provider":{"model":"${model}"}}],"speak":{"provider":{"model":"aura"}}}}`;
export const begin = (model: string) =>
  `{"type":"session.start","session":{"model":"${model}","metadata":{"model":"voice"}}}`;
