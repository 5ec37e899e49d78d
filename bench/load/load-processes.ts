// Starts the processes of a load: both ends of the sessions, the clients of HTTP, and the mock of an LLM endpoint.

import { type RpcProcess, startRpcProcess } from '../machine/rpc.ts';
import type { GeneratorMethods } from './generator-process.ts';
import type { CallerMethods } from './http/caller-process.ts';
import type { LlmMethods, LlmOptions } from './llm/llm-process.ts';
import type { ProviderMethods, ProviderOptions } from './provider-process.ts';

export type LoadGenerator = RpcProcess<GeneratorMethods>;
export type Caller = RpcProcess<CallerMethods>;
/** `port` on 127.0.0.1. */
type Listening<Methods> = RpcProcess<Methods> & { readonly port: number };
export type LoadProvider = Listening<ProviderMethods>;
export type MockLlm = Listening<LlmMethods>;

export const startGenerator = (): LoadGenerator => startRpcProcess(new URL('./generator-process.ts', import.meta.url));

export const startCaller = (): Caller => startRpcProcess(new URL('./http/caller-process.ts', import.meta.url));

export const startProvider = (options: ProviderOptions = {}): Promise<LoadProvider> =>
  listening(startRpcProcess<ProviderMethods>(new URL('./provider-process.ts', import.meta.url), options));

export const startMockLlm = (options: LlmOptions): Promise<MockLlm> =>
  listening(startRpcProcess<LlmMethods>(new URL('./llm/llm-process.ts', import.meta.url), options));

const listening = async <Process extends RpcProcess<{ listeningPort(): number }>>(child: Process) =>
  Object.assign(child, { port: await child.listeningPort() });
