// The messages of a Gemini Live client: one JSON object with one known key, in camelCase or snake_case.
// Rule: keys are brought to camelCase, except inside of values that are the client's own (tool results, schemas, labels).

import { z } from 'zod';
import { decodeAnyBase64 } from '../../../codecs/base64.ts';
import type { Frame } from '../../../codecs/frame.ts';
import { isObject, parseJson } from '../../../codecs/json-object.ts';
import { pcm16Samples } from '../../../codecs/pcm16.ts';
import { RATE_STEP_HZ } from '../../../codecs/resample.ts';
import type { AudioClip } from '../voice/reply-audio.ts';
import { type ConnectionClose, invalidArgument, shortReason } from './setup.ts';

const KINDS = ['setup', 'clientContent', 'realtimeInput', 'toolResponse', 'contextUpdate'] as const;
/** The one key of a client's message. */
export type ClientMessageKind = (typeof KINDS)[number];

/** A client's message, its keys in camelCase. */
interface ClientMessage {
  readonly kind: ClientMessageKind;
  readonly value: unknown;
}

/** Keys whose values keep their spelling. */
const OPAQUE = new Set(['response', 'parameters', 'parametersJsonSchema', 'args', 'labels']);

/** The message in a frame, or the close for an invalid one. */
export function readMessage(frame: Frame): ClientMessage | ConnectionClose {
  const json = parseJson(frame.data.toString());
  if (!isObject(json)) {
    return { code: 1007, reason: 'Invalid JSON payload received.' };
  }
  const entries = Object.entries(json);
  const unknown = entries.find(([key]) => !isKind(camelCase(key)));
  if (unknown) {
    const reason = `Invalid JSON payload received. Unknown name "${unknown[0]}": Cannot find field.`;
    return { code: 1007, reason: shortReason(reason) };
  }
  const [first] = entries;
  const kind = camelCase(first?.[0] ?? '');
  if (!first || entries.length > 1 || !isKind(kind)) {
    return { code: 1007, reason: 'Request contains an invalid argument: expected exactly one message.' };
  }
  return { kind, value: respell(first[1]) };
}

function isKind(key: string): key is ClientMessageKind {
  return (KINDS as readonly string[]).includes(key);
}

function camelCase(key: string): string {
  return key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function respell(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(respell);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, field]) => {
    const name = camelCase(key);
    return [name, OPAQUE.has(name) ? field : respell(field)] as const;
  });
  return Object.fromEntries(entries);
}

const blobSchema = z.looseObject({ data: z.string(), mimeType: z.string().default('audio/pcm') });

const realtimeInputSchema = z.looseObject({
  audio: blobSchema.optional(),
  video: blobSchema.optional(),
  mediaChunks: z.array(blobSchema).optional(),
  text: z.string().optional(),
  activityStart: z.looseObject({}).optional(),
  activityEnd: z.looseObject({}).optional(),
  audioStreamEnd: z.boolean().optional(),
});

const clientContentSchema = z.looseObject({
  turns: z.union([z.array(z.unknown()), z.looseObject({})]).optional(),
  turnComplete: z.boolean().optional(),
});

const functionResponseSchema = z.looseObject({
  id: z.string(),
  response: z.unknown(),
  willContinue: z.boolean().optional(),
});

const toolResponseSchema = z.looseObject({
  functionResponses: z.union([z.array(functionResponseSchema), functionResponseSchema]),
});

interface RealtimeInput {
  readonly audio: readonly AudioClip[];
  readonly images: number;
  readonly text: string | undefined;
  readonly signal: 'start' | 'end' | 'streamEnd' | undefined;
}

/** Audio, text and activity of a `realtimeInput`, and the number of its images. */
export function readRealtimeInput(value: unknown): RealtimeInput | ConnectionClose {
  const parsed = realtimeInputSchema.safeParse(value);
  if (!parsed.success) return { code: 1007, reason: invalidArgument(parsed.error, 'realtime_input') };
  const input = parsed.data;
  const blobs = [...(input.audio ? [input.audio] : []), ...(input.mediaChunks ?? [])];
  const audio: AudioClip[] = [];
  for (const blob of blobs.filter(({ mimeType }) => mimeType.startsWith('audio/'))) {
    const clip = readAudio(blob);
    if (!clip) return { code: 1007, reason: shortReason(`Invalid audio of type ${blob.mimeType}.`) };
    audio.push(clip);
  }
  const images = blobs.length - audio.length + (input.video ? 1 : 0);
  const signal = input.activityStart
    ? 'start'
    : input.activityEnd
      ? 'end'
      : input.audioStreamEnd
        ? 'streamEnd'
        : undefined;
  return { audio, images, text: input.text, signal };
}

/** Takes the rate that the MIME type names; 16 kHz when it names none. */
function readAudio({ data, mimeType }: z.infer<typeof blobSchema>): AudioClip | undefined {
  const sampleRateHz = Number(/rate=(\d+)/.exec(mimeType)?.[1] ?? 16_000);
  const bytes = decodeAnyBase64(data);
  const fits = sampleRateHz >= 8000 && sampleRateHz <= 48_000 && sampleRateHz % RATE_STEP_HZ === 0;
  return bytes && fits && mimeType.startsWith('audio/pcm') ? { samples: pcm16Samples(bytes), sampleRateHz } : undefined;
}

interface ClientContent {
  readonly turns: readonly unknown[];
  readonly turnComplete: boolean;
}

/** The turns of a `clientContent`; a single one may come without a list. */
export function readClientContent(value: unknown): ClientContent | ConnectionClose {
  const parsed = clientContentSchema.safeParse(value);
  if (!parsed.success) return { code: 1007, reason: invalidArgument(parsed.error, 'client_content') };
  const { turns = [], turnComplete = false } = parsed.data;
  return { turns: Array.isArray(turns) ? turns : [turns], turnComplete };
}

export type FunctionResponse = z.infer<typeof functionResponseSchema>;

/** The results in a `toolResponse`; a single one may come without a list. */
export function readToolResponse(value: unknown): readonly FunctionResponse[] | ConnectionClose {
  const parsed = toolResponseSchema.safeParse(value);
  if (!parsed.success) return { code: 1007, reason: invalidArgument(parsed.error, 'tool_response') };
  return [parsed.data.functionResponses].flat();
}
