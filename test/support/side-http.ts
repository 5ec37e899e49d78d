// The HTTP API of the side path over a real socket. Gateway and side process both run in this process.

import { pino } from 'pino';
import type { Config } from '../../server/config/config.ts';
import { loadConfig } from '../../server/config/load.ts';
import type { RefusalRows } from '../../server/http/request/refusal/refusal-rows.ts';
import type { SecretStore } from '../../server/ipc/stored-keys.ts';
import { OwnBudgets } from '../../server/side/billing/budgets/own-budgets.ts';
import { createPrices } from '../../server/side/billing/prices.ts';
import type { TaskRunner } from '../../server/side/http/handler.ts';
import { createSideHttp } from '../../server/side/http/routes.ts';
import type { Answered, Call, Router, StreamSink } from '../../server/side/llm/call.ts';
import type { Catalogues } from '../../server/side/llm/catalogue/known.ts';
import type { Failure } from '../../server/side/llm/failure.ts';
import { failure } from '../../server/side/llm/failure.ts';
import type { Store } from '../../server/side/store/contract/store.ts';
import { configFile } from './config-file.ts';
import { createFakeStore } from './fake-store.ts';
import { startGateway, type TestGateway } from './gateway.ts';

export interface TestSide extends TestGateway {
  readonly config: Config;
  /** http://127.0.0.1:port */
  readonly http: string;
  ask(path: string, options?: RequestInit & { key?: string; json?: unknown }): Promise<Response>;
}

export interface TestSideOptions {
  /** The YAML file as data. */
  readonly file?: Record<string, unknown>;
  readonly store?: Store;
  readonly router?: Router;
  readonly runner?: TaskRunner;
  readonly catalogues?: Catalogues;
  /** Told of calls and tasks that are refused. */
  readonly refusals?: Pick<RefusalRows, 'add'>;
  readonly heartbeatMs?: number;
  /** ws: URL of a fake provider. */
  readonly provider?: string;
  readonly secrets?: SecretStore;
}

export async function startSideHttp(given: TestSideOptions = {}): Promise<TestSide> {
  const { file = {}, provider, secrets, ...options } = given;
  const config = loadConfig({ file: configFile(file), env: {} });
  const log = pino({ level: 'silent' });
  const prices = createPrices(config.prices);
  const { store = createFakeStore() } = options;
  const ownBudgets = new OwnBudgets({ config, store });
  const askSide = createSideHttp({ prices, ...options, store, config, log, ownBudgets });
  const gateway = await startGateway({ ...file, ...(provider && { provider }), ...(secrets && { secrets }), askSide });
  const http = `http://127.0.0.1:${gateway.port}`;
  return {
    ...gateway,
    config,
    http,
    ask(path, { key, json, ...init } = {}) {
      const headers = new Headers(init.headers);
      if (key !== undefined) headers.set('authorization', `Bearer ${key}`);
      if (json !== undefined) headers.set('content-type', 'application/json');
      const body = json === undefined ? init.body : JSON.stringify(json);
      return fetch(http + path, { ...init, headers, ...(body === undefined ? {} : { body }) });
    },
  };
}

type Run = (call: Call, sink: StreamSink | undefined) => Promise<Answered | Failure>;

/** A router that does what a test says, and keeps the calls. */
export function scriptedRouter(run: Run): Router & { readonly calls: Call[] } {
  const calls: Call[] = [];
  return {
    classes: [],
    calls,
    run(call, sink) {
      calls.push(call);
      return run(call, sink);
    },
    close: async () => {},
  };
}

export const answered = (text: string, more: Partial<Answered> = {}): Answered => ({
  kind: 'answered',
  attempt: '0190-attempt',
  gateway: 'router',
  isRehearsal: false,
  completion: {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'some/model',
    choices: [{ index: 0, message: { role: 'assistant', content: text, refusal: null }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
  },
  text,
  served: 'some/model',
  provider: undefined,
  usage: { inputTokens: 3, outputTokens: 2 },
  costUsd: undefined,
  finish: 'stop',
  ...more,
});

export const aFailure = (code: Failure['code'], more: Partial<Failure> = {}): Failure => ({
  kind: 'failed',
  code,
  message: `it was ${code}`,
  status: failure(code, '').status,
  isTransient: false,
  ...more,
});
