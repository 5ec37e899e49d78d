// The messages of a Gemini Live client: one JSON object with one known key, in camelCase or snake_case.
// Rule: keys are brought to camelCase, except inside of values that are the client's own (tool results, schemas, labels).

import { z } from 'zod';
import { pcm16Samples } from '../../../codecs/audio/pcm16.ts';
import { RATE_STEP_HZ } from '../../../codecs/audio/resample.ts';
import { isObject, parseJson } from '../../../codecs/json/object.ts';
import { decodeAnyBase64 } from '../../../codecs/text/base64.ts';
import type { Frame } from '../../../codecs/websocket/frame.ts';
import type { AudioClip } from '../voice/reply-audio.ts';
import { ConnectionClose, parseMessage } from './setup.ts';

/** Keys whose values keep their spelling. */
const OPAQUE = new Set(['response', 'parameters', 'parametersJsonSchema', 'args', 'labels']);

const KINDS = ['setup', 'clientContent', 'realtimeInput', 'toolResponse', 'contextUpdate'] as const;

/** The one key of a client's message, and its value with keys in camelCase. @throws ConnectionClose for an invalid message. */
export function readMessage(frame: Frame): { readonly kind: (typeof KINDS)[number]; readonly value: unknown } {
  const json = parseJson(frame.data.toString());
  if (!isObject(json)) throw new ConnectionClose('Invalid JSON payload received.');
  const messages = Object.entries(json).map(([key, value]) => {
    const kind = KINDS.find((known) => known === camelCase(key));
    if (kind) return { kind, value };
    throw new ConnectionClose(`Invalid JSON payload received. Unknown name "${key}": Cannot find field.`);
  });
  const [message] = messages;
  if (!message || messages.length > 1) {
    throw new ConnectionClose('Request contains an invalid argument: expected exactly one message.');
  }
  return { kind: message.kind, value: respell(message.value) };
}

function camelCase(key: string): string {
  return key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function respell(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(respell);
  if (!isObject(value)) return value;
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
  mediaChunks: z.array(blobSchema).default([]),
  text: z.string().optional(),
  activityStart: z.looseObject({}).optional(),
  activityEnd: z.looseObject({}).optional(),
  audioStreamEnd: z.boolean().optional(),
});

/** Audio, text and activity of a `realtimeInput`, and the number of its images. @throws ConnectionClose for an invalid one. */
export function readRealtimeInput(value: unknown) {
  const input = parseMessage(realtimeInputSchema, value, 'realtime_input');
  const blobs = [...(input.audio ? [input.audio] : []), ...input.mediaChunks];
  const audio = blobs.filter(({ mimeType }) => mimeType.startsWith('audio/')).map(readAudio);
  return {
    audio,
    images: blobs.length - audio.length + (input.video ? 1 : 0),
    text: input.text,
    isStart: input.activityStart !== undefined,
    isEnd: input.activityEnd !== undefined,
    isStreamEnd: input.audioStreamEnd === true,
  };
}

/** Takes the rate that the MIME type names; 16 kHz when it names none. */
function readAudio({ data, mimeType }: z.infer<typeof blobSchema>): AudioClip {
  const sampleRateHz = Number(/rate=(\d+)/.exec(mimeType)?.[1] ?? 16_000);
  const bytes = decodeAnyBase64(data);
  const fits = sampleRateHz >= 8000 && sampleRateHz <= 48_000 && sampleRateHz % RATE_STEP_HZ === 0;
  if (bytes && fits && mimeType.startsWith('audio/pcm')) return { samples: pcm16Samples(bytes), sampleRateHz };
  throw new ConnectionClose(`Invalid audio of type ${mimeType}.`);
}

const clientContentSchema = z.looseObject({
  turns: z.union([z.array(z.unknown()), z.looseObject({})]).default([]),
  turnComplete: z.boolean().default(false),
});

/** The turns of a `clientContent`; a single one may come without a list. @throws ConnectionClose for an invalid one. */
export function readClientContent(value: unknown) {
  const { turns, turnComplete } = parseMessage(clientContentSchema, value, 'client_content');
  return { turns: [turns].flat(), turnComplete };
}

const functionResponseSchema = z.looseObject({
  id: z.string(),
  response: z.unknown(),
  willContinue: z.boolean().optional(),
});
const toolResponseSchema = z.looseObject({
  functionResponses: z.union([z.array(functionResponseSchema), functionResponseSchema]),
});

/** The results in a `toolResponse`; a single one may come without a list. @throws ConnectionClose for an invalid one. */
export function readToolResponse(value: unknown) {
  return [parseMessage(toolResponseSchema, value, 'tool_response').functionResponses].flat();
}
