// Starts the two load processes and gives them their shapes.

import type { Load, LoadEnd, LoadGenerator, LoadProvider, ProviderOptions } from '../bench.ts';
import { type RpcProcess, startRpcProcess } from '../machine/rpc.ts';
import type { ReceivedLoad, SentLoad, StreamedTokens } from './load.ts';

export async function startProvider(options: ProviderOptions = {}): Promise<LoadProvider> {
  const child = startRpcProcess(new URL('./provider-process.ts', import.meta.url), [JSON.stringify(options)]);
  const port = await child.call<number>('port');
  return { ...loadEnd(child), port, sessions: () => child.call('sessions'), cleared: () => child.call('cleared') };
}

export async function startGenerator(): Promise<LoadGenerator> {
  const child = startRpcProcess(new URL('./generator-process.ts', import.meta.url));
  return {
    ...loadEnd(child),
    open: (target) => child.call('open', target),
    pingPong: (options) => child.call('pingPong', options),
    streamed: () => child.call<StreamedTokens>('streamed'),
    close: () => child.call('close'),
  };
}

const loadEnd = (child: RpcProcess): LoadEnd => ({
  pid: child.pid,
  send: (load: Load) => child.call<SentLoad>('send', load),
  received: (expected) => child.call<ReceivedLoad>('received', expected),
  stop: child.stop,
});
