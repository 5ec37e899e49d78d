// A router over scripted LLM gateways, with its store in memory, for one test at a time.

import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import type { LlmCall } from '../../adapters/llm/contract.ts';
import { type SideConfig, sideShape } from '../../server/config/side-schema.ts';
import { createPrices } from '../../server/side/billing/prices.ts';
import type { Answered, Call, StreamSink } from '../../server/side/llm/call.ts';
import type { Failure } from '../../server/side/llm/failure.ts';
import { createRouter, type LiveRouter, type RouterOptions } from '../../server/side/llm/router.ts';
import { type LlmGateway, type LlmGatewayOptions, llmGateway } from './llm-gateway.ts';
import { type MemoryStore, memoryStore } from './memory-store.ts';

const schema = z.strictObject(sideShape);
type Written = z.input<typeof schema>;

/** Starts a scripted gateway that closes with the test. */
export async function gateway(options: LlmGatewayOptions = {}): Promise<LlmGateway> {
  const made = await llmGateway(options);
  onTestFinished(() => made.close());
  return made;
}

/** The settings of an LLM gateway for a scripted one. */
export const at = ({ baseUrl }: LlmGateway, more: object = {}) =>
  ({ profile: 'openai-compatible', baseUrl, apiKey: 'test-key', allowPrivate: true, ...more }) as const;

export function sideConfig(written: Written, hasRehearsalGateway = false): SideConfig {
  const parsed = schema.parse(written);
  return { ...parsed, tasks: parsed.tasks ?? [], hasRehearsalGateway };
}

export interface Routing {
  readonly router: LiveRouter;
  readonly store: MemoryStore;
  readonly config: SideConfig;
}

export function routing(
  written: Written,
  more: Partial<RouterOptions> & { readonly hasRehearsalGateway?: boolean } = {},
): Routing {
  const config = sideConfig(written, more.hasRehearsalGateway);
  const store = memoryStore();
  const router = createRouter({
    config,
    store,
    prices: createPrices(config.prices),
    rehearsalUrl: () => undefined,
    log: pino({ level: 'silent' }),
    closeMs: 5000,
    ...more,
  });
  onTestFinished(() => router.close());
  return { router, store, config };
}

export const llmCall = (more: Partial<LlmCall> = {}): LlmCall => ({
  messages: [{ role: 'user', content: 'What was said?' }],
  maxTokens: 100,
  isStreamed: false,
  extra: {},
  ...more,
});

export const call = ({
  llm,
  ...more
}: Partial<Omit<Call, 'llm'>> & { readonly llm?: Partial<LlmCall> } = {}): Call => ({
  kind: 'chat',
  promptClass: 'commodity',
  dataClass: 'open',
  key: 'demo',
  team: undefined,
  session: undefined,
  task: undefined,
  model: undefined,
  llm: llmCall(llm),
  isRehearsal: false,
  signal: new AbortController().signal,
  ...more,
});

export function answered(outcome: Answered | Failure): Answered {
  if (outcome.kind === 'answered') return outcome;
  throw new Error(`${outcome.code}: ${outcome.message}`);
}

export function failed(outcome: Answered | Failure): Failure {
  if (outcome.kind === 'failed') return outcome;
  throw new Error(`answered by ${outcome.gateway}`);
}

/** Collects a streamed answer. */
export function collector(): StreamSink & { readonly heads: object[]; readonly comments: string[]; text(): string } {
  const heads: object[] = [];
  const comments: string[] = [];
  const pieces: Buffer[] = [];
  return {
    heads,
    comments,
    asked() {},
    opened() {},
    comment: (bytes) => comments.push(bytes.toString()),
    begin: (head) => heads.push(head),
    write: (bytes) => pieces.push(bytes),
    text: () => Buffer.concat(pieces).toString(),
  };
}

/** Starts two gateways, and names two targets: `first` at `one` and `second` at `two`. */
export async function pair(one: Parameters<typeof gateway>[0] = {}, two: Parameters<typeof gateway>[0] = {}) {
  const [a, b] = [await gateway(one), await gateway(two)];
  const targets = [
    { gateway: 'one', model: 'first' },
    { gateway: 'two', model: 'second' },
  ];
  return { a, b, targets, gateways: { one: at(a), two: at(b) } };
}
