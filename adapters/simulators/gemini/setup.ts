// The first message of a Gemini Live connection, after its keys were brought to camelCase.
// Rule: an invalid setup closes the connection, since the dialect has no error message.

import { z } from 'zod';
import type { VadSettings } from '../voice/voice-activity.ts';

/** The close of a connection over a client's mistake. */
export interface ConnectionClose {
  readonly code: 1007 | 1008;
  readonly reason: string;
}

const declarationSchema = z.looseObject({
  name: z.string().min(1),
  parameters: z.unknown().optional(),
  parametersJsonSchema: z.unknown().optional(),
});
export type FunctionDeclaration = z.infer<typeof declarationSchema>;

const toolsSchema = z.array(z.looseObject({ functionDeclarations: z.array(declarationSchema).optional() }));

const detectionSchema = z.looseObject({
  disabled: z.boolean().optional(),
  startOfSpeechSensitivity: z.string().optional(),
  endOfSpeechSensitivity: z.string().optional(),
  prefixPaddingMs: z.int().min(0).max(10_000).optional(),
  silenceDurationMs: z.int().min(0).max(10_000).optional(),
});

const setupSchema = z.looseObject({
  model: z.string().min(1),
  generationConfig: z
    .looseObject({
      responseModalities: z
        .array(z.enum(['AUDIO', 'TEXT']))
        .max(1)
        .optional(),
    })
    .optional(),
  systemInstruction: z.unknown().optional(),
  tools: toolsSchema.optional(),
  realtimeInputConfig: z
    .looseObject({
      automaticActivityDetection: detectionSchema.optional(),
      activityHandling: z.string().optional(),
    })
    .optional(),
  sessionResumption: z.looseObject({ handle: z.string().nullish() }).optional(),
  inputAudioTranscription: z.looseObject({}).optional(),
  outputAudioTranscription: z.looseObject({}).optional(),
  explicitVadSignal: z.boolean().optional(),
});

export interface LiveSetup {
  readonly model: string;
  readonly modality: 'AUDIO' | 'TEXT';
  readonly instructions: string;
  readonly functions: readonly FunctionDeclaration[];
  /** Settings of the automatic detection; undefined when the client marks activity itself. */
  readonly detection: VadSettings | undefined;
  readonly interrupts: boolean;
  readonly transcribesInput: boolean;
  readonly transcribesOutput: boolean;
  readonly signalsVoice: boolean;
  readonly resumable: boolean;
}

const HANDLE_PREFIX = 'rehearsal-';

/** Makes a session resumption handle. A setup may name such a handle and no other. */
export function resumptionHandle(id: string): string {
  return HANDLE_PREFIX + id;
}

/** The configuration that a `setup` asks for, or the close for an invalid one. */
export function readSetup(given: unknown): LiveSetup | ConnectionClose {
  const parsed = setupSchema.safeParse(given);
  if (!parsed.success) return { code: 1007, reason: invalidArgument(parsed.error, 'setup') };
  const setup = parsed.data;
  if (!/^(models|tunedModels|projects|publishers)\/\S+$/.test(setup.model)) {
    const reason = `${setup.model} is not found, or is not supported for bidiGenerateContent.`;
    return { code: 1008, reason: shortReason(reason) };
  }
  const handle = setup.sessionResumption?.handle;
  if (handle && !handle.startsWith(HANDLE_PREFIX)) return { code: 1007, reason: 'Invalid session resumption handle.' };
  const input = setup.realtimeInputConfig;
  return {
    model: setup.model,
    modality: setup.generationConfig?.responseModalities?.[0] ?? 'AUDIO',
    instructions: contentText(setup.systemInstruction),
    functions: functionsOf(setup.tools),
    detection: detectionOf(input?.automaticActivityDetection ?? {}),
    interrupts: input?.activityHandling !== 'NO_INTERRUPTION',
    transcribesInput: setup.inputAudioTranscription !== undefined,
    transcribesOutput: setup.outputAudioTranscription !== undefined,
    signalsVoice: setup.explicitVadSignal === true,
    resumable: setup.sessionResumption !== undefined,
  };
}

/** The configuration after a `contextUpdate`, or the close for an invalid one. */
export function updateContext(setup: LiveSetup, given: unknown): LiveSetup | ConnectionClose {
  const schema = z.looseObject({ systemInstruction: z.unknown().optional(), tools: toolsSchema.optional() });
  const parsed = schema.safeParse(given);
  if (!parsed.success) return { code: 1007, reason: invalidArgument(parsed.error, 'context_update') };
  const { systemInstruction, tools } = parsed.data;
  return {
    ...setup,
    instructions: systemInstruction === undefined ? setup.instructions : contentText(systemInstruction),
    functions: tools === undefined ? setup.functions : functionsOf(tools),
  };
}

function functionsOf(tools: z.infer<typeof toolsSchema> | undefined): readonly FunctionDeclaration[] {
  return (tools ?? []).flatMap((tool) => tool.functionDeclarations ?? []);
}

function detectionOf(settings: z.infer<typeof detectionSchema>): VadSettings | undefined {
  if (settings.disabled) return undefined;
  const start = settings.startOfSpeechSensitivity ?? '';
  const end = settings.endOfSpeechSensitivity ?? '';
  return {
    mode: start.endsWith('_HIGH') ? 1 : start.endsWith('_LOW') ? 3 : 2,
    prefixPaddingMs: settings.prefixPaddingMs ?? 300,
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

/** Cuts a close reason to the 123 bytes that it may have. */
export function shortReason(reason: string): string {
  const bytes = Buffer.from(reason);
  return bytes.length <= 123
    ? reason
    : bytes
        .subarray(0, 123)
        .toString()
        .replace(/\ufffd+$/, '');
}

/** A close reason that names the first wrong field. */
export function invalidArgument(error: z.ZodError, prefix: string): string {
  const path = [prefix, ...(error.issues[0]?.path ?? [])].join('.');
  return shortReason(`Request contains an invalid argument: ${path}: ${error.issues[0]?.message ?? ''}.`);
}
