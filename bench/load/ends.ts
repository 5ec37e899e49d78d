// Starts the two load processes and gives them their shapes.

import type { Generator, Load, LoadEnd, Provider, ProviderOptions } from '../bench.ts';
import type { Received, Sent, Streamed } from './load.ts';
import { type Remote, startRemote } from './remote.ts';

export async function startProvider(options: ProviderOptions = {}): Promise<Provider> {
  const remote = startRemote(new URL('./provider-process.ts', import.meta.url), [JSON.stringify(options)]);
  const port = await remote.ask<number>('port');
  return { ...loadEnd(remote), port, sessions: () => remote.ask('sessions'), cleared: () => remote.ask('cleared') };
}

export async function startGenerator(): Promise<Generator> {
  const remote = startRemote(new URL('./generator-process.ts', import.meta.url));
  return {
    ...loadEnd(remote),
    open: (target) => remote.ask('open', target),
    pingPong: (options) => remote.ask('pingPong', options),
    streamed: () => remote.ask<Streamed>('streamed'),
    close: () => remote.ask('close'),
  };
}

const loadEnd = (remote: Remote): LoadEnd => ({
  pid: remote.pid,
  send: (load: Load) => remote.ask<Sent>('send', load),
  received: (expected) => remote.ask<Received>('received', expected),
  stop: remote.stop,
});
