// The settings of an agent, and its later messages. Rule: a mistake is thrown where it is found and becomes the Error that ends the session.

import { z } from 'zod';
import { parseJson } from '../../../codecs/json/object.ts';
import type { OfferedFunction } from '../tool-call.ts';
import { type SoundFormat, soundFormat } from './encoding.ts';

/** A client's mistake, by the code that Deepgram has for it (document). */
export class AgentFault extends Error {
  readonly code: 'UNPARSABLE_CLIENT_MESSAGE' | 'CLIENT_MESSAGE_TIMEOUT';

  constructor(description: string, code: AgentFault['code'] = 'UNPARSABLE_CLIENT_MESSAGE') {
    super(description);
    this.code = code;
  }
}

const functionSchema = z.looseObject({
  name: z.string().min(1),
  parameters: z.unknown().optional(),
  /** Set where Deepgram calls it, and not the client. */
  endpoint: z.unknown().optional(),
});
const stageSchema = z.looseObject({ provider: z.looseObject({}) });
const thinkSchema = stageSchema.extend({ functions: z.array(functionSchema).nullish() });
const one = <Schema extends z.ZodType>(schema: Schema) => z.union([schema, z.array(schema).min(1)]);
const formatSchema = z.looseObject({ encoding: z.string().default('linear16'), sample_rate: z.number().optional() });

const settingsSchema = z.looseObject({
  audio: z.looseObject({
    input: formatSchema.prefault({}),
    output: formatSchema.extend({ container: z.literal('none').default('none') }).prefault({}),
  }),
  agent: z.union([
    z.string().min(1),
    z.looseObject({
      listen: stageSchema.optional(),
      think: one(thinkSchema).optional(),
      speak: one(stageSchema).optional(),
      greeting: z.string().nullish(),
    }),
  ]),
});

const messages = {
  Settings: settingsSchema,
  UpdatePrompt: z.looseObject({ prompt: z.string() }),
  UpdateThink: z.looseObject({ think: one(thinkSchema) }),
  UpdateThink_Live: z.looseObject({ think_live: stageSchema }),
  UpdateSpeak: z.looseObject({ speak: one(stageSchema) }),
  UpdateListen: z.looseObject({ listen: stageSchema }),
  InjectUserMessage: z.looseObject({ content: z.string().min(1) }),
  InjectAgentMessage: z.looseObject({
    message: z.string().min(1).optional(),
    is_dynamic: z.boolean().optional(),
    behavior: z.enum(['default', 'queue', 'interrupt']).default('default'),
  }),
  FunctionCallResponse: z.looseObject({ id: z.string().optional(), name: z.string(), content: z.string() }),
  ForceEndTurn: z.looseObject({}),
  KeepAlive: z.looseObject({}),
} as const;

type Messages = typeof messages;
export type AgentMessage = { [Type in keyof Messages]: { type: Type } & z.infer<Messages[Type]> }[keyof Messages];

/** Reads a text message. @throws AgentFault for one that is not of the protocol. */
export function readAgentMessage(text: string): AgentMessage {
  const event = parseJson(text) as { readonly type?: unknown } | null | undefined;
  const type = event?.type;
  if (typeof type !== 'string' || !Object.hasOwn(messages, type))
    throw new AgentFault(`Expected a message of a type among ${Object.keys(messages).join(', ')}.`);
  const parsed = messages[type as keyof Messages].safeParse(event);
  if (parsed.success) return { ...parsed.data, type } as AgentMessage;
  const [issue] = parsed.error.issues;
  throw new AgentFault(`${[type, ...(issue?.path ?? [])].join('.')}: ${issue?.message ?? 'invalid'}.`);
}

/** Settings that an agent was given. */
export interface AgentSettings {
  readonly input: SoundFormat;
  readonly output: SoundFormat;
  readonly functions: readonly OfferedFunction[];
  readonly greeting: string | undefined;
}

/** @throws AgentFault for sound that is not played here. */
export function agentSettings({ audio, agent }: Extract<AgentMessage, { type: 'Settings' }>): AgentSettings {
  const given = typeof agent === 'string' ? {} : agent;
  return {
    input: formatOf(audio.input),
    output: formatOf(audio.output),
    functions: functionsOf(given.think),
    greeting: given.greeting || undefined,
  };
}

/** The functions that the client carries out; of several providers that think, those of the first. */
export function functionsOf(think: z.infer<typeof thinkSchema> | readonly z.infer<typeof thinkSchema>[] | undefined) {
  const functions = [think].flat()[0]?.functions ?? [];
  return functions.filter(({ endpoint }) => endpoint === undefined);
}

function formatOf({ encoding, sample_rate: rate }: z.infer<typeof formatSchema>): SoundFormat {
  const format = soundFormat(encoding, rate ?? (encoding === 'linear16' ? 24_000 : 8000));
  if ('fault' in format) throw new AgentFault(`${encoding} at ${rate ?? 'its usual rate'}: ${format.fault}.`);
  return format;
}
