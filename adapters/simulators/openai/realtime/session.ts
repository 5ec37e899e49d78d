// The session object of OpenAI Realtime: its defaults, its updates, and how it is shown to the client.
// Rule: an update changes only the fields that it gives; null means the default.

import { z } from 'zod';
import { isObject, type JsonObject } from '../../../../codecs/json/object.ts';
import type { VadSettings } from '../../voice/voice-activity.ts';
import { EventError, parseGiven } from '../events.ts';
import { toolChoiceSchema, toolSchema } from '../tools.ts';

const formatSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('audio/pcm'), rate: z.literal(24_000).default(24_000) }),
  z.object({ type: z.literal('audio/pcmu') }),
  z.object({ type: z.literal('audio/pcma') }),
]);
/** PCM16 at 24 kHz, or G.711 at 8 kHz. */
export type AudioFormat = z.infer<typeof formatSchema>;

const responding = { create_response: z.boolean().default(true), interrupt_response: z.boolean().default(true) };
const turnDetectionSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('server_vad'),
    threshold: z.number().min(0).max(1).default(0.5),
    prefix_padding_ms: z.int().min(0).max(5000).default(300),
    silence_duration_ms: z.int().min(0).max(10_000).default(500),
    idle_timeout_ms: z.int().min(1).max(600_000).nullable().default(null),
    ...responding,
  }),
  z.object({
    type: z.literal('semantic_vad'),
    eagerness: z.enum(['low', 'medium', 'high', 'auto']).default('auto'),
    ...responding,
  }),
]);
type TurnDetection = z.infer<typeof turnDetectionSchema>;

const inputSchema = z.looseObject({
  format: formatSchema.prefault({ type: 'audio/pcm' }),
  transcription: z.looseObject({ model: z.string().optional() }).nullable().default(null),
  noise_reduction: z
    .looseObject({ type: z.enum(['near_field', 'far_field']) })
    .nullable()
    .default(null),
  turn_detection: turnDetectionSchema.nullable().prefault({ type: 'server_vad' }),
});
const outputSchema = z.looseObject({
  format: formatSchema.prefault({ type: 'audio/pcm' }),
  voice: z.union([z.string().min(1), z.looseObject({ id: z.string() })]).default('marin'),
  speed: z.number().min(0.25).max(1.5).default(1),
});

/** The settings that a response takes from its session. */
export const replySchema = z.object({
  output_modalities: z
    .array(z.enum(['audio', 'text']))
    .length(1, 'supported are ["audio"] and ["text"]')
    .default(['audio']),
  instructions: z.string().default(''),
  tools: z.array(toolSchema).default([]),
  tool_choice: toolChoiceSchema.default('auto'),
  max_output_tokens: z.union([z.int().min(1).max(4096), z.literal('inf')]).default('inf'),
  audio: z.object({ input: inputSchema.prefault({}), output: outputSchema.prefault({}) }).prefault({}),
});

const sessionSchema = replySchema.extend({
  type: z.enum(['realtime', 'transcription']),
  include: z.array(z.string()).nullable().default(null),
  // These fields are kept and shown as they were given.
  tracing: z.unknown().default(null),
  truncation: z.unknown().default('auto'),
  prompt: z.unknown().default(null),
  parallel_tool_calls: z.unknown().optional(),
  reasoning: z.unknown().optional(),
});

/** The effective configuration of one session. `expires_at` is in Unix seconds. */
export type RealtimeSession = z.infer<typeof sessionSchema> &
  Readonly<Record<'id' | 'model', string>> & { readonly expires_at: number };

/** Field names of the beta dialect, which the provider refuses. */
const BETA_FIELDS = ['modalities', 'voice', 'input_audio_format', 'output_audio_format', 'turn_detection'];

/** A session with the provider's defaults. */
export function createSession(setup: Pick<RealtimeSession, 'id' | 'type' | 'model' | 'expires_at'>): RealtimeSession {
  return { ...setup, ...sessionSchema.parse(setup) };
}

/** Changes `session`. `hasSpoken`: the voice can no longer change. @throws EventError for an invalid update. */
export function updateSession(session: RealtimeSession, given: JsonObject, hasSpoken: boolean): void {
  const beta = BETA_FIELDS.find((name) => name in given);
  if (beta) throw new EventError('unknown_parameter', `Unknown parameter: 'session.${beta}'.`, `session.${beta}`);
  const changed = Object.entries(given).map(([name, value]) => [name, value ?? undefined]);
  const update = {
    ...session,
    type: undefined,
    ...Object.fromEntries(changed),
    audio: mergeAudio(session, given.audio),
  };
  const { type, ...settings } = parseGiven(sessionSchema, update, 'session');
  if (type !== session.type) {
    const message = `Passing a ${type} session update event to a ${session.type} session is not allowed.`;
    throw new EventError('invalid_session_type', message, 'session.type');
  }
  if (hasSpoken && JSON.stringify(settings.audio.output.voice) !== JSON.stringify(session.audio.output.voice)) {
    const message = "Cannot update a conversation's voice if assistant audio is present.";
    throw new EventError('cannot_update_voice', message, 'session.audio.output.voice');
  }
  Object.assign(session, settings);
}

/** The session's audio settings with the given ones over them. What is no object is left to the schema to refuse. */
export function mergeAudio({ audio }: Pick<RealtimeSession, 'audio'>, given: unknown): unknown {
  if (!isObject(given)) return given ?? audio;
  const over = (settings: object, changes: unknown) =>
    isObject(changes) ? { ...settings, ...changes } : (changes ?? settings);
  return { input: over(audio.input, given.input), output: over(audio.output, given.output) };
}

/** The `session` of `session.created` and `session.updated`. */
export function describeSession(session: RealtimeSession): JsonObject {
  if (session.type === 'realtime') return { object: 'realtime.session', ...session };
  const { type, id, expires_at, audio, include } = session;
  return { object: 'realtime.transcription_session', type, id, expires_at, audio: { input: audio.input }, include };
}

/** Samples per second of a format. */
export function rateOf(format: AudioFormat): number {
  return format.type === 'audio/pcm' ? 24_000 : 8000;
}

const SEMANTIC_SILENCE_MS = { low: 1200, medium: 800, auto: 800, high: 400 } as const;

/** The detection of turns. Words are not understood here, so semantic detection is a longer or shorter silence. */
export function vadSettingsOf(settings: TurnDetection): VadSettings {
  if (settings.type === 'semantic_vad') {
    return { mode: 2, prefixPaddingMs: 300, silenceMs: SEMANTIC_SILENCE_MS[settings.eagerness] };
  }
  const mode = settings.threshold < 0.35 ? 1 : settings.threshold < 0.7 ? 2 : 3;
  return { mode, prefixPaddingMs: settings.prefix_padding_ms, silenceMs: settings.silence_duration_ms };
}
