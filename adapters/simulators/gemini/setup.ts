// The first message of a Gemini Live connection, after its keys were brought to camelCase.
// Rule: a mistake is thrown where it is found and closes the connection, since the dialect has no error message.

import { z } from 'zod';
import type { OfferedFunction } from '../tool-call.ts';
import type { VadSettings } from '../voice/voice-activity.ts';

/** The longest reason that a close frame can hold. */
const MAX_REASON_BYTES = 123;

/** A client's mistake, which closes the connection. The message is the reason of the close, cut to its size. */
export class ConnectionClose extends Error {
  readonly code: number;

  constructor(reason: string, code = 1007) {
    const isShort = Buffer.byteLength(reason) <= MAX_REASON_BYTES;
    super(
      isShort
        ? reason
        : Buffer.from(reason)
            .toString('utf8', 0, MAX_REASON_BYTES)
            .replace(/\ufffd+$/, ''),
    );
    this.code = code;
  }
}

/** Parses a part of a message. `name`: what the client calls it. @throws ConnectionClose that names the first wrong field. */
export function parseMessage<Schema extends z.ZodType>(schema: Schema, given: unknown, name: string): z.infer<Schema> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = [name, ...(issue?.path ?? [])].join('.');
  throw new ConnectionClose(`Request contains an invalid argument: ${path}: ${issue?.message ?? ''}.`);
}

const declarationSchema = z.looseObject({
  name: z.string().min(1),
  behavior: z.string().optional(),
  parameters: z.unknown().optional(),
  parametersJsonSchema: z.unknown().optional(),
});

const detectionSchema = z.looseObject({
  disabled: z.boolean().optional(),
  startOfSpeechSensitivity: z.string().default(''),
  endOfSpeechSensitivity: z.string().default(''),
  prefixPaddingMs: z.int().min(0).max(10_000).default(300),
  silenceDurationMs: z.int().min(0).max(10_000).optional(),
});

const contextSchema = z.looseObject({
  systemInstruction: z.unknown().optional(),
  tools: z.array(z.looseObject({ functionDeclarations: z.array(declarationSchema).default([]) })).optional(),
});

const setupSchema = contextSchema.extend({
  model: z.string().min(1),
  generationConfig: z
    .looseObject({
      responseModalities: z
        .array(z.enum(['AUDIO', 'TEXT']))
        .max(1)
        .default([]),
      thinkingConfig: z.looseObject({}).optional(),
    })
    .prefault({}),
  realtimeInputConfig: z
    .looseObject({ automaticActivityDetection: detectionSchema.prefault({}), activityHandling: z.string().optional() })
    .prefault({}),
  sessionResumption: z.looseObject({ handle: z.string().nullish() }).optional(),
  inputAudioTranscription: z.looseObject({}).optional(),
  outputAudioTranscription: z.looseObject({}).optional(),
  explicitVadSignal: z.boolean().default(false),
});

const HANDLE_PREFIX = 'rehearsal-';

/** Makes a session resumption handle. A setup may name such a handle and no other. */
export function resumptionHandle(id: string): string {
  return HANDLE_PREFIX + id;
}

/** Settings that a setup asks for. */
export type LiveSetup = ReturnType<typeof readSetup>;

/** The configuration that a `setup` asks for. @throws ConnectionClose for an invalid one. */
export function readSetup(given: unknown) {
  const setup = parseMessage(setupSchema, given, 'setup');
  const { model, sessionResumption, realtimeInputConfig } = setup;
  if (!/^(models|tunedModels|projects|publishers)\/\S+$/.test(model)) {
    throw new ConnectionClose(`${model} is not found, or is not supported for bidiGenerateContent.`, 1008);
  }
  if (model.endsWith('-extended-thinking')) checkExtendedThinking(setup);
  if (sessionResumption?.handle && !sessionResumption.handle.startsWith(HANDLE_PREFIX)) {
    throw new ConnectionClose('Invalid session resumption handle.');
  }
  return {
    model,
    modality: setup.generationConfig.responseModalities[0] ?? 'AUDIO',
    instructions: contentText(setup.systemInstruction),
    functions: functionsOf(setup),
    /** Undefined when the client marks activity itself. */
    detection: detectionOf(realtimeInputConfig.automaticActivityDetection),
    interrupts: realtimeInputConfig.activityHandling !== 'NO_INTERRUPTION',
    transcribesInput: setup.inputAudioTranscription !== undefined,
    transcribesOutput: setup.outputAudioTranscription !== undefined,
    signalsVoice: setup.explicitVadSignal,
    resumable: sessionResumption !== undefined,
  };
}

/** Rules of the models that think for long (third parties in production). @throws ConnectionClose for a setup that breaks one. */
function checkExtendedThinking({ generationConfig, tools = [] }: z.infer<typeof setupSchema>): void {
  if (generationConfig.thinkingConfig === undefined)
    throw new ConnectionClose(
      'Request contains an invalid argument: this model needs generation_config.thinking_config.',
    );
  const declared = tools.flatMap(({ functionDeclarations }) => functionDeclarations);
  const blocking = declared.find(({ behavior }) => behavior !== 'NON_BLOCKING');
  if (blocking !== undefined)
    throw new ConnectionClose(`Request contains an invalid argument: expected ${blocking.name} to be NON_BLOCKING.`);
}

/** The configuration after a `contextUpdate`. @throws ConnectionClose for an invalid one. */
export function updateContext(setup: LiveSetup, given: unknown): LiveSetup {
  const context = parseMessage(contextSchema, given, 'context_update');
  return {
    ...setup,
    instructions: context.systemInstruction === undefined ? setup.instructions : contentText(context.systemInstruction),
    functions: context.tools === undefined ? setup.functions : functionsOf(context),
  };
}

function functionsOf({ tools = [] }: z.infer<typeof contextSchema>): readonly OfferedFunction[] {
  const declarations = tools.flatMap((tool) => tool.functionDeclarations);
  return declarations.map(({ name, ...given }) => ({
    name,
    parameters: given.parametersJsonSchema ?? given.parameters,
  }));
}

function detectionOf(settings: z.infer<typeof detectionSchema>): VadSettings | undefined {
  const { disabled, startOfSpeechSensitivity: start, endOfSpeechSensitivity: end, prefixPaddingMs } = settings;
  if (disabled) return undefined;
  return {
    mode: start.endsWith('_HIGH') ? 1 : start.endsWith('_LOW') ? 3 : 2,
    prefixPaddingMs,
    silenceMs: settings.silenceDurationMs ?? (end.endsWith('_HIGH') ? 400 : end.endsWith('_LOW') ? 1000 : 600),
  };
}

/** The text of a Content, of a list of them, or of a plain string. */
export function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (Array.isArray(content)) return content.map(contentText).filter(Boolean).join(' ');
  if (typeof content !== 'object' || content === null) return '';
  if ('parts' in content) return contentText(content.parts);
  return 'text' in content ? contentText(content.text) : '';
}
