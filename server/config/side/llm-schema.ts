// Describes the settings of LLM gateways and of the classes of calls to them.

import { z } from 'zod';
import { llmProfiles } from '../../../adapters/llm/index.ts';
import { DURATION, millisecondsOf } from '../../../codecs/text/duration.ts';
import { difficultySchema } from './difficulty-schema.ts';
import { headerText, kebab, ms, positive, seconds, usd } from './side-limits-schema.ts';
import { guardSchema, redactSchema } from './words-schema.ts';

const retention = z.enum(['zdr', 'none-stated']);
export const residency = z.string().regex(/^[a-z]{2,12}$/, 'expected a region such as eu or us');

export const gatewaySchema = z.strictObject({
  profile: z.enum([...llmProfiles.keys()]).describe('Which product or API it is.'),
  path: z
    .enum(['direct', 'routed'])
    .optional()
    .describe(
      'direct is a contract with the one who serves, routed leaves the choice to a router. That of the profile when not given.',
    ),
  baseUrl: z.string().optional().describe('URL of the API. That of the profile, for its residency, when not given.'),
  apiKey: headerText.optional().describe('Credential of the gateway. Needed: any word, where the endpoint wants none.'),
  allowPrivate: z.boolean().default(false).describe('Whether baseUrl may be http:, or a loopback or private address.'),
  residency: residency.optional().describe('Region that it keeps requests to, such as eu.'),
  retention: retention.optional().describe('zdr says that whoever serves keeps nothing.'),
  billsAbandoned: z
    .boolean()
    .default(false)
    .describe(
      'Whether it bills a stream to its end when its client leaves. Such a stream is charged at its reservation, not by what came of it.',
    ),
  billsFaults: z
    .boolean()
    .optional()
    .describe(
      'Whether a 5xx, or a connection that is lost before an answer, may be billed. Where it is not, such a call is asked once more there. That of the profile when not given.',
    ),
  concurrency: positive(10_000).default(64).describe('Calls at once, in each side process.'),
  queue: z.int().min(0).max(100_000).default(256).describe('Calls that may wait for a place.'),
  settings: z.record(z.string(), z.string()).default({}).describe('What the profile needs beyond that.'),
  catalogue: z
    .strictObject({
      off: z.boolean().default(false).describe('true never asks for it: then no target may have a pattern.'),
      refreshMs: ms.min(1000).default(3_600_000).describe('Time between fetches, a tenth more or less.'),
    })
    .optional()
    .describe('The list of its models: fetched where a target has a pattern, or where this is given.'),
});

const modelName = z.string().min(1).max(200);
export const weight = z.number().positive().max(1_000_000).optional();

const allowSchema = z.strictObject({
  models: z.array(z.string().min(1)).min(1).optional().describe('Patterns of model names. * matches anything.'),
  providers: z.array(z.string().min(1)).min(1).optional().describe('Names of those who may serve.'),
  resources: z
    .array(z.string().min(1))
    .default([])
    .describe(
      'Patterns of what tools that the provider runs may name: ids at the account, such as vs_1, and URLs of servers. * matches anything. Nothing by default.',
    ),
});

const MAX_TTL_MS = 7 * 24 * 60 * 60 * 1000;

const cacheSchema = z.strictObject({
  ttl: z
    .string()
    .refine((given) => {
      const ttlMs = DURATION.test(given) ? millisecondsOf(given) : 0;
      return ttlMs > 0 && ttlMs <= MAX_TTL_MS;
    }, 'expected a duration of a minute to seven days, such as PT1H')
    .describe('How long an answer is kept, such as PT1H.'),
  shared: z
    .enum(['endUser', 'key', 'team', 'class'])
    .default('key')
    .describe(
      'Who is given an answer that is kept: the same end user of the key, all of the key, its team, or all calls of the class.',
    ),
  maxBytes: positive(4_294_967_296)
    .default(67_108_864)
    .describe('Memory for its answers in each side process. The oldest go first. None may take more than an eighth.'),
  maxAnswers: positive(1_000_000).default(10_000).describe('Answers at once, in each side process.'),
});

export const classSchema = z.strictObject({
  targets: z
    .array(
      z.strictObject({
        gateway: z.string().describe('Name of one of gateways.'),
        model: modelName.describe(
          'Model, as that gateway calls it, or a pattern: * stands for any part of the names in its catalogue.',
        ),
        priceAs: modelName.optional().describe('Model whose price an alias has.'),
        timeoutMs: ms.optional().describe('Longest silence of this target. That of the class when not given.'),
        weight: weight.describe(
          'Share, relative to those of the others, where order is weighted: of sessions, else end users, else keys.',
        ),
      }),
    )
    .min(1)
    .describe('Where its calls go, in order.'),
  order: z
    .enum(['order', 'price', 'latency', 'weighted'])
    .default('order')
    .describe(
      'Which target is asked first: the order of targets, the cheapest for this call, the quickest of late, or one that is drawn by weight for a session, end user or key.',
    ),
  minQuality: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe(
      'Mean below which a target of the class is asked after the others: of the feedback of the last 7 days, or of the scores where there are fewer than 20 of these; it needs 20.',
    ),
  escalate: z
    .strictObject({
      on: z
        .array(z.enum(['misfit', 'refusal', 'length', 'low-score']))
        .min(1)
        .describe(
          'What sends it on: it does not fit its schema, it is refused, it is cut at its limit of tokens, or its score is low.',
        ),
      scorer: z
        .strictObject({
          class: kebab.describe(
            'Prompt class of the calls that score, each of which is made before an answer is given.',
          ),
          below: z.number().min(0).max(1).default(0.5).describe('Score, of 0 to 1, below which it is low.'),
          rubric: z
            .string()
            .min(1)
            .max(20_000)
            .optional()
            .describe('What it scores by, beside how well the answer serves.'),
        })
        .optional()
        .describe('What scores an answer, for low-score.'),
      to: z.literal('next').default('next').describe('The next target, in order.'),
    })
    .optional()
    .describe('When a whole answer goes to the next target, though the target answered.'),
  difficulty: difficultySchema
    .optional()
    .describe('Which class runs a call, by how hard it is. A client that names a model has chosen.'),
  guard: guardSchema.optional().describe('Checks of the words of both sides of its calls and tasks.'),
  redact: redactSchema
    .optional()
    .describe(
      'Kinds of words that go to no target: each is replaced before a call, and put back in the answer. A list, or with patterns of your own.',
    ),
  quality: z
    .strictObject({
      sample: z.number().min(0).max(1).describe('Share of the answers of chats that is scored, after they were given.'),
      class: kebab.optional().describe('Prompt class of the calls that score: this one when not given.'),
      rubric: z
        .string()
        .min(1)
        .max(20_000)
        .optional()
        .describe('What they score by, beside how well an answer serves.'),
    })
    .optional()
    .describe('Scores of its answers, in their ledger rows.'),
  cache: cacheSchema.optional().describe('Keeps answers and gives them to equal calls. Without it nothing is kept.'),
  fallback: z.boolean().default(true).describe('false asks only the first target that policy allows.'),
  maxUsdPerCall: usd.optional().describe('Ceiling of one call, at its worst case.'),
  timeoutMs: ms
    .default(30_000)
    .describe(
      'Longest silence of a target: until the first byte of its answer, and between any two. An answer that flows is not cut.',
    ),
  deadlineMs: ms
    .default(120_000)
    .describe(
      'Longest wait of a call for its answer, all attempts together; where it comes in parts, for the first of them, and from each to the next.',
    ),
  hedgeMs: ms
    .optional()
    .describe('Silence of the first target after which the next one is asked too. Whole answers only.'),
  allow: allowSchema.prefault({}).describe('What may serve, beyond the list of targets.'),
  retention: retention.optional().describe('zdr allows only targets where whoever serves keeps nothing.'),
  residency: residency.optional().describe('Only targets that keep requests to this region.'),
  maxSessionSeconds: seconds.optional().describe('Longest duration of a session of the class.'),
  maxUsdPerSession: usd.optional().describe('Most that a session of the class may cost. Then it ends.'),
  path: z.enum(['direct', 'routed']).optional().describe('Only targets of this path.'),
  unknownPrice: z
    .enum(['refuse', 'allow'])
    .default('refuse')
    .describe('What happens to a call, or a session, of unknown price where a budget or a ceiling applies.'),
  unknownFields: z
    .enum(['refuse', 'drop'])
    .default('drop')
    .describe(
      'What happens to fields of a chat completion that change nothing here: drop names them in x-trunkline-dropped. That of the key comes first.',
    ),
  responses: z
    .enum(['direct', 'routed'])
    .optional()
    .describe('Whether the WebSocket /v1/responses is direct or routed. That of the key comes first.'),
  maxTokens: positive(1_000_000)
    .optional()
    .describe(
      'Most tokens of an answer, where a call does not say. None by default: the model decides, within what a budget or maxUsdPerCall has left.',
    ),
});

/** A name of its own for one of several targets, which classes have. */
export const aliasSchema = z.strictObject({
  targets: z
    .array(
      z.strictObject({
        gateway: z.string().describe('Name of one of gateways.'),
        model: modelName.describe('Model of a target that a class has, or that a pattern of one stands for.'),
        weight: weight.describe(
          'Share of the calls, relative to those of the others. One without is asked after all that have one.',
        ),
      }),
    )
    .min(1)
    .describe('Where its calls go, in order, or drawn by weight for a session, end user or key.'),
});

export type AliasConfig = Readonly<z.infer<typeof aliasSchema>>;
export type LlmGatewayConfig = Readonly<z.infer<typeof gatewaySchema>>;
export type ClassConfig = Readonly<z.infer<typeof classSchema>>;
