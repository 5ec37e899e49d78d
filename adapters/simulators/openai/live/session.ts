// The session object of OpenAI Live: what may be given at the start and later, and how it is shown to the client.
// Rule: a field that is not known is refused, as the provider does.

import { z } from 'zod';
import type { JsonObject } from '../../../../codecs/json/object.ts';
import { EventError, invalidValue, parseGiven } from '../events.ts';
import { toolChoiceSchema, toolSchema } from '../tools.ts';

const formatSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('audio/pcm'), rate: z.union([z.literal(16_000), z.literal(24_000)]) }),
  z.strictObject({ type: z.literal('audio/pcmu'), rate: z.literal(8000) }),
  z.strictObject({ type: z.literal('audio/pcma'), rate: z.literal(8000) }),
]);

const acknowledged = { acknowledgement_delay_ms: z.int().min(0).optional() };
const backend = {
  instructions: z.string().nullish(),
  max_output_tokens: z.int().min(1).nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  reasoning: z.looseObject({}).nullish(),
  service_tier: z.string().nullish(),
  text: z.looseObject({}).nullish(),
  tool_choice: toolChoiceSchema.nullish(),
  tools: z.array(toolSchema).nullish(),
};
const client = z.strictObject({ type: z.literal('client'), ...acknowledged });
/** Work that the session gives to others. What decides is not played. */
const delegationSchema = z.discriminatedUnion('type', [
  client,
  z.strictObject({
    type: z.literal('responses'),
    responses: z.strictObject({ model: z.string().min(1), ...backend }),
    ...acknowledged,
  }),
]);
const delegationUpdateSchema = z.discriminatedUnion('type', [
  client,
  z.strictObject({
    type: z.literal('responses'),
    responses: z.strictObject({ model: z.string().min(1).optional(), ...backend }).optional(),
    ...acknowledged,
  }),
]);

const itemSchema = z.strictObject({
  type: z.literal('message').optional(),
  role: z.enum(['developer', 'user', 'assistant']),
  content: z.array(z.strictObject({ type: z.string().optional(), text: z.string() })).length(1),
  id: z.string().nullish(),
  status: z.string().nullish(),
});

const sessionSchema = z.strictObject({
  model: z.string().min(1),
  audio: z
    .strictObject({
      format: formatSchema.default({ type: 'audio/pcm', rate: 24_000 }),
      output: z
        .strictObject({
          voice: z.union([z.string().min(1), z.strictObject({ id: z.string().min(1) })]).default('marin'),
        })
        .prefault({}),
    })
    .prefault({}),
  delegation: delegationSchema.nullable().default(null),
  input: z.array(itemSchema).max(128).default([]),
  instructions: z.string().nullable().default(null),
  safety_identifier: z.string().nullish(),
  store: z.boolean().default(false),
  triggers: z.array(z.unknown()).max(0, 'triggers are not rehearsed').default([]),
});

/** The effective configuration of one session. `expires_at` is in Unix seconds. */
export type OpenaiLiveSession = z.infer<typeof sessionSchema> & { readonly id: string; readonly expires_at: number };

/** The session that a `session.start` asks for. @throws EventError for one that is invalid. */
export function startLiveSession(
  given: unknown,
  named: Pick<OpenaiLiveSession, 'id' | 'expires_at'>,
): OpenaiLiveSession {
  return { ...parseGiven(sessionSchema, playable(given), 'session'), ...named };
}

const updateSchema = z.strictObject({
  delegation: delegationUpdateSchema.nullish(),
  triggers: z.array(z.unknown()).max(0, 'triggers are not rehearsed').optional(),
});

/** Changes what may still change, which is the delegation. @throws EventError for an invalid update. */
export function updateLiveSession(session: OpenaiLiveSession, given: unknown): void {
  const { delegation } = parseGiven(updateSchema, playable(given), 'session');
  if (delegation === undefined || delegation === null) return;
  if (delegation.type !== (session.delegation?.type ?? 'client')) {
    throw invalidValue('session.delegation.type', "Invalid value for 'session.delegation.type': it cannot change.");
  }
  const before = session.delegation;
  session.delegation =
    delegation.type === 'responses' && before?.type === 'responses'
      ? { ...before, ...delegation, responses: { ...before.responses, ...definedIn(delegation.responses) } }
      : client.parse(delegation);
}

const definedIn = (settings: object = {}): object =>
  Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));

/** @throws EventError for a delegation to Decisions, which the provider has, and the rehearsal has not. */
function playable(given: unknown): unknown {
  const { delegation } = (given ?? {}) as { delegation?: { type?: unknown } | null };
  if (delegation?.type !== 'decisions') return given;
  const message = 'The rehearsal provider does not play Decisions: delegate to client or responses.';
  throw new EventError('not_implemented', message, 'session.delegation.type');
}

/** The `session` of events. */
export const describeLiveSession = (session: OpenaiLiveSession): JsonObject => ({ ...session, status: 'active' });
