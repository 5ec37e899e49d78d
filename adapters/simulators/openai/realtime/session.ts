// The session object of OpenAI Realtime: its defaults, its updates, and how it is shown to the client.
// Rule: an update changes only the fields that it gives; null means the default.

import { z } from 'zod';
import type { VadSettings } from '../../voice/voice-activity.ts';
import { type ErrorDetails, schemaError } from '../events.ts';

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

const voiceSchema = z.union([z.string().min(1), z.looseObject({ id: z.string() })]);
/** The modality of a reply: exactly one. */
export const modalitiesSchema = z.array(z.enum(['audio', 'text'])).length(1, 'supported are ["audio"] and ["text"]');
export const maxTokensSchema = z.union([z.int().min(1).max(4096), z.literal('inf')]);
/** A tool. Only the name of a function matters here. */
export const toolSchema = z.looseObject({ type: z.string(), name: z.string().optional() });
export const toolChoiceSchema = z.union([
  z.enum(['auto', 'none', 'required']),
  z.looseObject({ type: z.string(), name: z.string().optional() }),
]);
export const outputSchema = z.looseObject({
  format: formatSchema.optional(),
  voice: voiceSchema.optional(),
  speed: z.number().min(0.25).max(1.5).optional(),
});
export type RealtimeTool = z.infer<typeof toolSchema>;
type ToolChoice = z.infer<typeof toolChoiceSchema>;

const transcriptionSchema = z.looseObject({ model: z.string().optional() });

const inputSchema = z.looseObject({
  format: formatSchema.optional(),
  transcription: transcriptionSchema.nullable().optional(),
  noise_reduction: z
    .looseObject({ type: z.enum(['near_field', 'far_field']) })
    .nullable()
    .optional(),
  turn_detection: turnDetectionSchema.nullable().optional(),
});

/** Field names of the beta dialect, which the provider refuses. */
const BETA_FIELDS = ['modalities', 'voice', 'input_audio_format', 'output_audio_format', 'turn_detection'];

const updateSchema = z
  .looseObject({
    type: z.enum(['realtime', 'transcription']),
    output_modalities: modalitiesSchema.nullish(),
    instructions: z.string().nullish(),
    audio: z.looseObject({ input: inputSchema.nullish(), output: outputSchema.nullish() }).nullish(),
    tools: z.array(toolSchema).nullish(),
    tool_choice: toolChoiceSchema.nullish(),
    max_output_tokens: maxTokensSchema.nullish(),
    include: z.array(z.string()).nullish(),
  })
  .superRefine((session, context) => {
    const keys = BETA_FIELDS.filter((name) => name in session);
    if (keys.length > 0) context.addIssue({ code: 'unrecognized_keys', keys, input: session });
  });

/** Fields that are kept and shown as they were given. */
const OPAQUE = ['tracing', 'truncation', 'prompt', 'include', 'parallel_tool_calls', 'reasoning'] as const;

/** The effective configuration of one session. */
export interface RealtimeSession {
  readonly id: string;
  readonly type: 'realtime' | 'transcription';
  readonly model: string;
  /** Unix seconds. */
  readonly expiresAt: number;
  modality: 'audio' | 'text';
  instructions: string;
  input: {
    format: AudioFormat;
    transcription: z.infer<typeof transcriptionSchema> | null;
    noise_reduction: unknown;
    turn_detection: TurnDetection | null;
  };
  output: { format: AudioFormat; voice: z.infer<typeof voiceSchema>; speed: number };
  tools: readonly RealtimeTool[];
  toolChoice: ToolChoice;
  maxOutputTokens: number | 'inf';
  opaque: Record<string, unknown>;
}

const pcm: AudioFormat = { type: 'audio/pcm', rate: 24_000 };
const serverVad = turnDetectionSchema.parse({ type: 'server_vad' });

/** A session with the provider's defaults. */
export function createSession(setup: Pick<RealtimeSession, 'id' | 'type' | 'model' | 'expiresAt'>): RealtimeSession {
  return {
    ...setup,
    modality: 'audio',
    instructions: '',
    input: { format: pcm, transcription: null, noise_reduction: null, turn_detection: serverVad },
    output: { format: pcm, voice: 'marin', speed: 1 },
    tools: [],
    toolChoice: 'auto',
    maxOutputTokens: 'inf',
    opaque: { tracing: null, truncation: 'auto', prompt: null, include: null },
  };
}

/** Changes `session`, or returns the error of an invalid update. `hasSpoken`: the voice can no longer change. */
export function updateSession(session: RealtimeSession, given: unknown, hasSpoken: boolean): ErrorDetails | undefined {
  const parsed = updateSchema.safeParse(given);
  if (!parsed.success) return schemaError(parsed.error, given, 'session');
  const update = parsed.data;
  if (update.type !== session.type) {
    const message = `Passing a ${update.type} session update event to a ${session.type} session is not allowed.`;
    return { code: 'invalid_session_type', message, param: 'session.type' };
  }
  const voice = update.audio?.output?.voice;
  if (hasSpoken && voice !== undefined && JSON.stringify(voice) !== JSON.stringify(session.output.voice)) {
    const message = "Cannot update a conversation's voice if assistant audio is present.";
    return { code: 'cannot_update_voice', message, param: 'session.audio.output.voice' };
  }
  apply(session, update);
  return undefined;
}

function apply(session: RealtimeSession, update: z.infer<typeof updateSchema>): void {
  const initial = createSession(session);
  if (update.output_modalities !== undefined) session.modality = update.output_modalities?.[0] ?? 'audio';
  if (update.instructions !== undefined) session.instructions = update.instructions ?? '';
  if (update.tools !== undefined) session.tools = update.tools ?? [];
  if (update.tool_choice !== undefined) session.toolChoice = update.tool_choice ?? 'auto';
  if (update.max_output_tokens !== undefined) session.maxOutputTokens = update.max_output_tokens ?? 'inf';
  session.input = { ...session.input, ...defined(update.audio?.input) };
  session.output = { ...session.output, ...defined(update.audio?.output) };
  for (const name of OPAQUE) if (name in update) session.opaque[name] = update[name] ?? initial.opaque[name] ?? null;
}

function defined<Value extends object>(value: Value | null | undefined): Partial<Value> {
  const entries = Object.entries(value ?? {}).filter(([, field]) => field !== undefined);
  return Object.fromEntries(entries) as Partial<Value>;
}

/** The `session` of `session.created` and `session.updated`. */
export function describeSession(session: RealtimeSession): Record<string, unknown> {
  const common = { type: session.type, id: session.id, expires_at: session.expiresAt };
  if (session.type === 'transcription') {
    const audio = { input: session.input };
    return { object: 'realtime.transcription_session', ...common, audio, include: session.opaque.include };
  }
  return {
    object: 'realtime.session',
    ...common,
    model: session.model,
    output_modalities: [session.modality],
    instructions: session.instructions,
    tools: session.tools,
    tool_choice: session.toolChoice,
    max_output_tokens: session.maxOutputTokens,
    ...session.opaque,
    audio: { input: session.input, output: session.output },
  };
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
