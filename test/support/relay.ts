// A provider that passes messages on to another one and keeps what sessions sent: what that one has seen.

import { WebSocket } from 'ws';
import { type FakeProvider, startProvider } from './provider.ts';

export interface Relay extends FakeProvider {
  /** The messages of each session toward the provider, in the order of the sessions. */
  readonly seen: readonly (readonly string[])[];
}

/** `target`: ws: URL without a path. */
export async function startRelay(target: string): Promise<Relay> {
  const seen: string[][] = [];
  const provider = await startProvider({
    onSession(near, request) {
      const far = new WebSocket(target + request.url, { perMessageDeflate: false });
      const messages: string[] = [];
      const opened = new Promise<void>((resolve) => far.once('open', () => resolve()));
      seen.push(messages);
      near.on('message', async (data: Buffer, binary: boolean) => {
        messages.push(data.toString());
        await opened;
        far.send(data, { binary });
      });
      far.on('message', (data, binary) => near.send(data as Buffer, { binary }));
      far.on('close', () => near.close());
      near.on('close', () => far.terminate());
      far.on('error', () => {});
    },
  });
  return { ...provider, seen };
}
