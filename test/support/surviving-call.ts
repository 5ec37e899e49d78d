// A call whose session survives its provider: a client, a gateway, and a provider of Realtime.

import type { WebSocket } from 'ws';
import { openClient, startGateway, type TestGateway } from './gateway.ts';
import { message } from './inbox.ts';
import { type ProviderLeg, type RealtimeProvider, startRealtimeProvider } from './realtime-provider.ts';
import { until } from './until.ts';

const SURVIVING = '/v1/realtime?model=gpt-realtime-2.1&trunkline-survive=provider';

/** Ends of what was started, newest last. */
const stops: (() => Promise<unknown>)[] = [];

/** To be called after each test. */
export async function endCalls(): Promise<void> {
  for (const end of stops.splice(0).reverse()) await end();
}

/** Adds something that ends with the test. */
export const onEnd = (end: () => Promise<unknown>): number => stops.push(end);

interface SurvivingCall {
  readonly gateway: TestGateway;
  readonly upstream: RealtimeProvider;
  readonly client: WebSocket;
  /** Events that the client got, in order. */
  readonly events: (Record<string, unknown> & { readonly type: string })[];
  readonly types: () => readonly string[];
  readonly closes: number[];
  send(event: object): void;
  leg(number: number): Promise<ProviderLeg>;
}

export async function survivingCall(
  options: Parameters<typeof startRealtimeProvider>[0] = {},
  config: Record<string, unknown> = {},
  path = SURVIVING,
): Promise<SurvivingCall> {
  const upstream = await startRealtimeProvider(options);
  const gateway = await startGateway({ provider: upstream.provider.url, ...config });
  stops.push(
    () => upstream.close(),
    () => gateway.close(),
  );
  const client = await openClient(gateway.url + path);
  stops.push(async () => client.terminate());
  const events: SurvivingCall['events'] = [];
  const closes: number[] = [];
  void (async () => {
    for (;;) events.push(JSON.parse(String((await message(client)).data)));
  })();
  client.on('close', (code) => closes.push(code));
  await until(() => events.length > 0);
  return {
    ...{ gateway, upstream, client, events, closes },
    types: () => events.map(({ type }) => type),
    send: (event) => client.send(JSON.stringify(event)),
    async leg(number) {
      await until(() => upstream.legs.length >= number);
      return upstream.legs[number - 1] as ProviderLeg;
    },
  };
}
