// The settings of the side path: store, LLM gateways, classes, tasks, budgets, webhooks, prices, privacy. Unknown keys are refused.

import { z } from 'zod';

const longestMs = 2 ** 31 - 1;
const ms = z.int().min(1).max(longestMs);
const kebab = z
  .string()
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'expected a name in kebab-case')
  .max(64);
const usd = z.number().min(0).max(1_000_000);
const micro = z.number().min(0).max(1_000_000);
const secret = z
  .string()
  .regex(/^[\x21-\x7e]*$/, 'expected printable ASCII without spaces')
  .min(1);
const retention = z.enum(['zdr', 'none-stated']).describe('zdr: whoever serves keeps nothing');
const residency = z.string().regex(/^[a-z]{2,12}$/, 'expected a region such as eu or us');
const text = z.string().min(1).max(20_000);

export const PROFILES = [
  'openrouter',
  'litellm',
  'portkey',
  'vercel',
  'cloudflare',
  'bifrost',
  'openai',
  'openai-compatible',
  'anthropic',
  'gemini',
] as const;

export const storeSchema = z.strictObject({
  url: z
    .string()
    .regex(/^(sqlite|postgres(ql)?:\/\/.+)$/, 'expected sqlite or a URL such as postgres://user:password@host/database')
    .default('sqlite'),
});

export const gatewaySchema = z.strictObject({
  profile: z.enum(PROFILES),
  path: z.enum(['direct', 'routed']).optional().describe('direct: a contract with the one who serves'),
  baseUrl: z.string().optional(),
  apiKey: secret.optional(),
  allowPrivate: z.boolean().default(false),
  residency: residency.optional(),
  retention: retention.optional(),
  concurrency: z.int().min(1).max(10_000).default(64).describe('calls at once, in each side process'),
  queue: z.int().min(0).max(100_000).default(256).describe('calls that wait for a place'),
  settings: z.record(z.string(), z.string()).default({}),
});

const allowSchema = z.strictObject({
  models: z.array(z.string().min(1)).min(1).optional().describe('patterns, * matches anything'),
  providers: z.array(z.string().min(1)).min(1).optional(),
});

export const classSchema = z.strictObject({
  targets: z
    .array(z.strictObject({ gateway: z.string(), model: z.string().min(1).max(200), timeoutMs: ms.optional() }))
    .min(1),
  fallback: z.boolean().default(true).describe('false: only the first target that policy allows'),
  maxUsdPerCall: usd.optional(),
  timeoutMs: ms.default(30_000).describe('one attempt'),
  deadlineMs: ms.default(120_000).describe('all attempts of a call'),
  hedgeMs: ms
    .optional()
    .describe('ask the next target too when the first has not answered by then; whole answers only'),
  allow: allowSchema.prefault({}),
  retention: retention.optional(),
  residency: residency.optional(),
  path: z.enum(['direct', 'routed']).optional().describe('only targets of this path'),
  unknownPrice: z.enum(['refuse', 'allow']).default('refuse').describe('where a budget or a ceiling applies'),
  maxTokens: z.int().min(1).max(1_000_000).default(1024).describe('of an answer, where a call does not say'),
});

export const BUILT_IN_KINDS = [
  'summary',
  'title',
  'classification',
  'sentiment-and-outcome',
  'action-items',
  'extraction',
  'moderation',
  'quality',
  'rolling-summary',
] as const;

export const whenSchema = z.union([
  z.enum(['end', 'demand']),
  z.strictObject({ everyTurns: z.int().min(1).max(10_000) }),
  z.strictObject({ everyMinutes: z.number().min(0.01).max(1440) }),
]);

export const taskSchema = z.strictObject({
  kind: kebab.describe('a built-in one, or one of your own with prompt and schema'),
  class: z.string(),
  when: whenSchema.default('end'),
  labels: z.array(z.string().min(1).max(100)).min(2).max(100).optional().describe('of a classification'),
  schema: z.record(z.string(), z.unknown()).optional().describe('JSON Schema of the result'),
  prompt: text.optional().describe('instructions; the transcript follows them'),
  rubric: text.optional().describe('of quality'),
  of: z
    .array(kebab)
    .min(1)
    .max(100)
    .optional()
    .describe('of quality: the kinds whose results it scores; without it the answers of a session'),
  sample: z.number().min(0).max(1).default(1).describe('share of the sessions, or of the results, that get it'),
  maxTokens: z.int().min(1).max(100_000).optional(),
  maxAttempts: z.int().min(1).max(100).default(8),
  deadlineMs: ms.default(600_000).describe('of one run, all targets and the repair included'),
});

export const budgetSchema = z.strictObject({
  key: z.string().optional().describe('every key together when not given'),
  class: z.string().optional(),
  window: z.enum(['minute', 'hour', 'day', 'month', 'total']).describe('UTC'),
  maxUsd: usd,
});

export const WEBHOOK_EVENTS = ['task.done', 'task.failed', 'session.ended'] as const;

export const webhookSchema = z.strictObject({
  url: z.string(),
  secret: secret.min(8),
  events: z.array(z.enum(WEBHOOK_EVENTS)).min(1).default(['task.done']),
  allowPrivate: z.boolean().default(false),
  timeoutMs: ms.default(10_000),
});

export const priceSchema = z.strictObject({
  input: micro.optional(),
  output: micro.optional(),
  cachedInput: micro.optional(),
  audioInput: micro.optional(),
  audioOutput: micro.optional(),
  minute: micro.optional().describe('USD per minute, for sessions that are billed by time'),
});

const transcripts = z.union([
  z.enum(['off', 'until-tasks-done']),
  z
    .string()
    .regex(
      /^P(?!$)(\d+W)?(\d+D)?(T(?!$)(\d+H)?(\d+M)?)?$/,
      'expected off, until-tasks-done, or a duration such as P30D',
    ),
]);

export const sideShape = {
  store: storeSchema.prefault({}),
  gateways: z.record(kebab, gatewaySchema).default({}),
  classes: z.record(kebab, classSchema).default({}),
  tasks: z.array(taskSchema).optional(),
  budgets: z.array(budgetSchema).default([]),
  webhooks: z.array(webhookSchema).default([]),
  prices: z.record(z.string().min(1), priceSchema).default({}),
  transcripts: transcripts.default('until-tasks-done'),
  regulated: z
    .strictObject({
      store: z.boolean().default(true).describe('false: text of regulated sessions is never handed over'),
    })
    .prefault({}),
  routes: z
    .record(
      z.string().startsWith('/'),
      z.strictObject({ class: kebab.optional(), dataClass: z.enum(['open', 'regulated']).optional() }),
    )
    .default({})
    .describe('prompt class and data class of sessions, by path'),
  side: z
    .strictObject({
      outboxItems: z
        .int()
        .min(1)
        .max(1_000_000)
        .default(10_000)
        .describe('handed over and not yet stored, in each gateway process'),
      outboxBytes: z
        .int()
        .min(1024)
        .max(2 ** 30)
        .default(16 * 1024 * 1024),
      whenFull: z
        .enum(['refuse', 'lose'])
        .default('refuse')
        .describe('refuse new sessions, or lose what cannot be kept'),
      concurrency: z.int().min(1).max(1000).default(8).describe('tasks at once'),
      leaseMs: ms.default(60_000).describe('a runner that is silent for longer loses its task'),
      silenceMs: ms.default(30_000).describe('a side process that hangs for longer is started anew'),
      ownerLeaseMs: ms.default(30_000).describe('sessions of an instance that is silent for longer are ended'),
      pollMs: ms.default(500).describe('how often the queue is looked at without a sign'),
      maxBodyBytes: z
        .int()
        .min(1024)
        .max(2 ** 28)
        .default(4 * 1024 * 1024)
        .describe('of one request'),
      requests: z
        .int()
        .min(1)
        .max(1_000_000)
        .default(2000)
        .describe('requests of one gateway process that wait for their answers; then 503'),
      requestBytes: z
        .int()
        .min(1024)
        .max(2 ** 32)
        .default(64 * 1024 * 1024)
        .describe('of the bodies of those requests'),
      maxReplyBytes: z
        .int()
        .min(1024)
        .max(2 ** 28)
        .default(16 * 1024 * 1024)
        .describe('of one answer'),
      syncMs: ms
        .default(30_000)
        .describe('a task that is asked for in mode sync is waited for, before 202 says how far it is'),
      seedBytes: z
        .int()
        .min(1024)
        .max(2 ** 18)
        .default(16 * 1024)
        .describe('of the text that a session is seeded with'),
      seedMs: ms.default(2000).describe('reading it, while the provider is dialled'),
      whenUnseeded: z
        .enum(['refuse', 'open'])
        .default('refuse')
        .describe('refuse a session whose seed cannot be read, or open it without'),
      streams: z.int().min(1).max(100_000).default(1000).describe('event streams open at once'),
    })
    .prefault({}),
};

const shape = z.strictObject(sideShape);
type Side = z.infer<typeof shape>;
export type LlmGatewayConfig = Readonly<z.infer<typeof gatewaySchema>>;
export type ClassConfig = Readonly<z.infer<typeof classSchema>>;
export type TaskConfig = Readonly<z.infer<typeof taskSchema>>;
export type BudgetConfig = Readonly<z.infer<typeof budgetSchema>>;
export type WebhookConfig = Readonly<z.infer<typeof webhookSchema>>;
export type PriceConfig = Readonly<z.infer<typeof priceSchema>>;

/** The side path's part of the configuration. `tasks` of a rehearsal without LLM gateways has useful ones by default. */
export type SideConfig = Readonly<Omit<Side, 'tasks'>> & {
  readonly tasks: readonly TaskConfig[];
  /** Tasks of rehearsal sessions run on the local stand-in, since no LLM gateway is configured. */
  readonly standIn: boolean;
};
