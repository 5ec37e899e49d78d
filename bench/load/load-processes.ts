// Starts the processes of a load: both ends of the sessions, the clients of HTTP, and the mock of an LLM endpoint.

import { type RpcProcess, startRpcProcess } from '../machine/rpc.ts';
import type { GeneratorMethods } from './generator-process.ts';
import type { CallerMethods } from './http/caller-process.ts';
import type { LlmMethods, LlmOptions } from './llm/llm-process.ts';
import type { Pace } from './load.ts';
import type { ProviderMethods, ProviderOptions } from './provider-process.ts';
import type { ReaderMethods } from './tokens/readers-process.ts';
import type { TokenMethods } from './tokens/token-process.ts';

export type LoadGenerator = RpcProcess<GeneratorMethods>;
export type Caller = RpcProcess<CallerMethods>;
/** `port` on 127.0.0.1. */
type Listening<Methods> = RpcProcess<Methods> & { readonly port: number };
export type LoadProvider = Listening<ProviderMethods>;
export type MockLlm = Listening<LlmMethods>;
export type TokenEndpoint = Listening<TokenMethods>;
export type Readers = RpcProcess<ReaderMethods>;

export const startGenerator = (): LoadGenerator => startRpcProcess(new URL('./generator-process.ts', import.meta.url));

export const startCaller = (): Caller => startRpcProcess(new URL('./http/caller-process.ts', import.meta.url));

export const startProvider = (options: ProviderOptions = {}): Promise<LoadProvider> =>
  listening(startRpcProcess<ProviderMethods>(new URL('./provider-process.ts', import.meta.url), options));

export const startMockLlm = (options: LlmOptions): Promise<MockLlm> =>
  listening(startRpcProcess<LlmMethods>(new URL('./llm/llm-process.ts', import.meta.url), options));

export const startTokenEndpoint = (options: { readonly pace: Pace }): Promise<TokenEndpoint> =>
  listening(startRpcProcess<TokenMethods>(new URL('./tokens/token-process.ts', import.meta.url), options));

export const startReaders = (): Readers => startRpcProcess(new URL('./tokens/readers-process.ts', import.meta.url));

const listening = async <Process extends RpcProcess<{ listeningPort(): number }>>(child: Process) =>
  Object.assign(child, { port: await child.listeningPort() });
