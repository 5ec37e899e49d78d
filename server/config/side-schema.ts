// Describes the settings of the side path: store, LLM gateways, classes, tasks, budgets, webhooks, prices, privacy. Unknown keys are
// refused.

import { z } from 'zod';
import { DURATION, millisecondsOf } from '../../codecs/text/duration.ts';
import type { ProxySettings } from '../platform/outbound/proxy.ts';
import { aliasSchema, classSchema, gatewaySchema } from './side/llm-schema.ts';
import { headerText, kebab, ms, positive, runsSchema, sideLimitsSchema, usd } from './side/side-limits-schema.ts';
import { telemetrySchema } from './side/telemetry-schema.ts';

const price = z.number().min(0).max(1_000_000);
const text = z.string().min(1).max(20_000);

const storeSchema = z.strictObject({
  url: z
    .string()
    .regex(/^(sqlite|postgres(ql)?:\/\/.+)$/, 'expected sqlite or a URL such as postgres://user:password@host/database')
    .default('sqlite')
    .describe(
      'sqlite is a file in the data directory. postgres://user:password@host/database serves several machines.',
    ),
});

const whenSchema = z.union([
  z.enum(['end', 'demand']),
  z.strictObject({ everyTurns: positive(10_000) }),
  z.strictObject({ everyMinutes: z.number().min(0.01).max(1440) }),
]);

export const taskSchema = z.strictObject({
  kind: kebab.describe('A built-in kind, or one of your own with prompt and schema.'),
  class: z.string().describe('Prompt class that its calls go by.'),
  when: whenSchema.default('end').describe('When it runs: end, demand, { everyTurns: N } or { everyMinutes: T }.'),
  labels: z
    .array(z.string().min(1).max(100))
    .min(2)
    .max(100)
    .optional()
    .describe('Labels that a classification chooses from.'),
  schema: z.record(z.string(), z.unknown()).optional().describe('JSON Schema of the result.'),
  prompt: text.optional().describe('Instructions. The transcript follows them.'),
  rubric: text.optional().describe('What quality scores by.'),
  of: z
    .array(kebab)
    .min(1)
    .max(100)
    .optional()
    .describe("Kinds whose results quality scores. Without it it scores the assistant's answers in a session."),
  sample: z.number().min(0).max(1).default(1).describe('Share of the sessions, or of the results, that get it.'),
  maxTokens: positive(100_000).optional().describe('Tokens of its answer. That of the class when not given.'),
  maxAttempts: positive(100).default(8).describe('Runs that count, after which it is dead.'),
  giveUpMs: ms
    .default(86_400_000)
    .describe(
      'Age at which it is dead. A run that finds no target to ask is none of maxAttempts, and is repeated until then.',
    ),
  deadlineMs: ms.default(600_000).describe('Longest run, all targets and the repair included.'),
});

export const budgetSchema = z.strictObject({
  key: z.string().min(1).max(200).optional().describe('Id of a key. All keys together when not given.'),
  team: z.string().min(1).max(200).optional().describe('Name of a team. All teams together when not given.'),
  each: z
    .enum(['key', 'team', 'endUser'])
    .optional()
    .describe('Every key, every team or every end user has such a budget of its own; who has none is not counted.'),
  class: z.string().optional().describe('Prompt class. All classes together when not given.'),
  path: z
    .enum(['direct', 'routed', 'both'])
    .optional()
    .describe('What it counts: sessions and calls to direct gateways, calls to routed ones, or both (when not given).'),
  window: z.enum(['minute', 'hour', 'day', 'month', 'total']).describe('When it starts anew, in UTC.'),
  maxUsd: usd.describe('Most that may be spent in one window.'),
});

/** A text that is the same for budgets that count the same. */
export const countedBy = ({ key, team, each, class: name, path = 'both', window }: BudgetConfig): string =>
  JSON.stringify({ key, team, each, name, path, window });

export const WEBHOOK_EVENTS = [
  'task.done',
  'task.failed',
  'session.draining',
  'session.ended',
  'budget.warning',
  'budget.reached',
] as const;

const webhookSchema = z.strictObject({
  url: z.string().describe('Where events are posted to.'),
  secret: headerText.min(8).describe('What signs them, as Standard Webhooks says. At least 8 characters.'),
  events: z.array(z.enum(WEBHOOK_EVENTS)).min(1).default(['task.done']).describe('Which events.'),
  regulated: z
    .enum(['ids', 'full'])
    .default('ids')
    .describe('What it is told of regulated sessions and tasks: ids alone, or as much as of others.'),
  allowPrivate: z.boolean().default(false).describe('Whether url may be http:, or a loopback or private address.'),
  timeoutMs: ms.default(10_000).describe('Longest wait for the status of an answer. Then it is tried again.'),
  giveUpMs: ms.default(86_400_000).describe('Age at which a message that is not taken is given up.'),
});

const priceSchema = z.strictObject({
  input: price.optional().describe('USD per million tokens of text in.'),
  output: price.optional().describe('USD per million tokens of text out.'),
  cachedInput: price
    .optional()
    .describe('USD per million tokens in that the provider had cached. That of input when not given.'),
  cacheWrite: price.optional().describe('USD per million tokens in that the provider wrote into its cache.'),
  cacheWriteHour: price
    .optional()
    .describe('The same for those that stay there for an hour. That of cacheWrite when not given.'),
  audioInput: price.optional().describe('USD per million tokens of audio in.'),
  cachedAudioInput: price
    .optional()
    .describe('USD per million tokens of audio in that the provider had cached. That of audioInput when not given.'),
  audioOutput: price.optional().describe('USD per million tokens of audio out.'),
  imageInput: price.optional().describe('USD per million tokens of images and films in.'),
  cachedImageInput: price
    .optional()
    .describe('USD per million tokens of images in that the provider had cached. That of imageInput when not given.'),
  imageOutput: price.optional().describe('USD per million tokens of images out.'),
  request: price.optional().describe('USD per thousand calls, beside their tokens.'),
  webSearch: price.optional().describe('USD per thousand searches of the web, where usage reports count them.'),
  minute: price
    .optional()
    .describe('USD per minute, for sessions that are billed by the time that they are connected.'),
  audioInputMinute: price
    .optional()
    .describe('USD per minute of audio in, where that is what is billed. That of minute when not given.'),
  audioOutputMinute: price
    .optional()
    .describe('USD per minute of audio out, where that is what is billed. That of minute when not given.'),
  characters: price.optional().describe('USD per million characters of texts that are spoken.'),
  message: price.optional().describe('USD per message of text, where those are billed.'),
});

const transcripts = z.union([
  z.enum(['off', 'until-tasks-done']),
  z.string().regex(DURATION, 'expected off, until-tasks-done, or a duration such as P30D'),
]);

const DAY_MS = 86_400_000;
const rowsKept = z
  .string()
  .refine(
    (given) => DURATION.test(given) && millisecondsOf(given) >= DAY_MS,
    'expected a duration of a day or more, such as P400D',
  )
  .optional();

export const sideShape = {
  store: storeSchema.prefault({}).describe('Where sessions, tasks and the ledger are kept.'),
  gateways: z.record(kebab, gatewaySchema).default({}).describe('LLM gateways, by a name of your own.'),
  classes: z
    .record(kebab, classSchema)
    .default({})
    .describe('Prompt classes: the policy of calls, by a name of your own.'),
  aliases: z
    .record(kebab, aliasSchema)
    .default({})
    .describe('Names that clients give as model, for targets of the classes that they may use.'),
  tasks: z.array(taskSchema).optional().describe('Side tasks. A rehearsal without LLM gateways has some by default.'),
  budgets: z.array(budgetSchema).default([]).describe('Most that may be spent on LLM calls and realtime sessions.'),
  webhooks: z.array(webhookSchema).default([]).describe('Where events are sent.'),
  prices: z
    .record(z.string().min(1), priceSchema)
    .default({})
    .describe('Prices by model, which override the built-in list.'),
  transcripts: transcripts
    .default('until-tasks-done')
    .describe('How long the text of sessions is kept: off, until-tasks-done, or a duration such as P30D.'),
  keep: z
    .strictObject({
      ledger: rowsKept.describe(
        'Age at which rows of calls and of sessions go from the ledger. What budgets have spent stays.',
      ),
      tasks: rowsKept.describe('Time after its end at which a task goes, with its result.'),
      audit: rowsKept.describe('Age at which entries go from the audit log.'),
    })
    .prefault({})
    .describe('How long rows are kept, such as P400D. Without it for ever.'),
  regulated: z
    .strictObject({
      store: z.boolean().default(true).describe('false keeps the text of regulated sessions out of the store.'),
    })
    .prefault({})
    .describe('Sessions of the data class regulated.'),
  routes: z
    .record(
      z.string().startsWith('/', 'expected a path that begins with /'),
      z.strictObject({
        class: kebab.optional().describe('Prompt class of its sessions and calls.'),
        dataClass: z.enum(['open', 'regulated']).optional().describe('Data class of its sessions and calls.'),
      }),
    )
    .default({})
    .describe('Prompt class and data class by path, such as /v1/realtime.'),
  runs: runsSchema.prefault({}).describe('Answers that outlive whoever asked for them: see docs/side-path.md.'),
  side: sideLimitsSchema.prefault({}).describe('Bounds of the side path.'),
  telemetry: telemetrySchema
    .optional()
    .describe('Where traces and metrics are exported to by OTLP: see docs/telemetry.md. Nowhere when not given.'),
};

const shape = z.strictObject(sideShape);
type Side = z.infer<typeof shape>;
export type TaskConfig = Readonly<z.infer<typeof taskSchema>>;
export type BudgetConfig = Readonly<z.infer<typeof budgetSchema>>;
export type WebhookConfig = Readonly<z.infer<typeof webhookSchema>>;
export type PriceConfig = Readonly<z.infer<typeof priceSchema>>;

/** The side path's part of the configuration. A rehearsal without LLM gateways has default `tasks`. */
export type SideConfig = Readonly<Omit<Side, 'tasks'>> & {
  readonly tasks: readonly TaskConfig[];
  /** True when no LLM gateway is configured: chats and the tasks of rehearsal sessions go to the rehearsal's own. */
  readonly hasRehearsalGateway: boolean;
  /** HTTPS_PROXY, HTTP_PROXY and NO_PROXY of the environment; undefined where none is set. */
  readonly proxy?: ProxySettings | undefined;
};
