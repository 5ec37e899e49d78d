// Writes a run as the chunks of UI messages of the AI SDK 7 (`uiMessageChunkSchema` of the package `ai`).

import { isObject, type JsonObject, parseJson, textAt } from '../../../codecs/json/object.ts';
import type { UiTranslator } from '../contract.ts';
import type { RunStep, TokensUsed } from '../run-step.ts';
import { StepReader } from '../step-reader.ts';
import type { ChatNote } from './request.ts';

type Step<Kind extends RunStep['kind']> = Extract<RunStep, { readonly kind: Kind }>;

/** `isReplay`: for a page that may have nothing of the message that the answer goes on with. */
export class ChatChunks implements UiTranslator {
  readonly #note: ChatNote;
  readonly #isReplay: boolean;
  readonly #steps = new StepReader();
  #sources = 0;

  constructor(note: ChatNote, { isReplay }: { readonly isReplay: boolean }) {
    this.#note = note;
    this.#isReplay = isReplay;
  }

  push(event: JsonObject): readonly JsonObject[] {
    return this.#steps.read(event).flatMap((step) => this.#chunks(step));
  }

  #chunks(step: RunStep): readonly JsonObject[] {
    switch (step.kind) {
      case 'begin':
        return this.#begin(step);
      case 'text-start':
      case 'text-end':
        return [{ type: step.kind, id: step.id }];
      case 'text-delta':
      case 'reasoning-delta':
        return [{ type: step.kind, id: step.id, delta: step.text }];
      case 'reasoning-start':
        return [{ type: step.kind, id: step.id, ...reasoningMetadata(step.item) }];
      case 'reasoning-end':
        return [{ type: step.kind, id: step.id, ...reasoningMetadata(step.item, step.encrypted) }];
      case 'call-start':
        return [toolStart(step)];
      case 'call-delta':
        return [{ type: 'tool-input-delta', toolCallId: step.id, inputTextDelta: step.text }];
      case 'call-end':
        return [this.#callEnd(step)];
      case 'hosted-start':
        return [{ type: 'tool-input-start', toolCallId: step.id, toolName: step.name, providerExecuted: true }];
      case 'hosted-end':
        return hostedEnd(step);
      case 'source':
      case 'document':
        return [this.#source(step)];
      case 'end':
        return ending({ type: 'finish', finishReason: step.finish }, step.usage);
      case 'cancelled':
        return [{ type: 'abort', reason: 'cancelled' }];
      case 'failed':
        return [
          { type: 'error', errorText: step.message },
          ...ending({ type: 'finish', finishReason: 'error' }, step.usage),
        ];
    }
  }

  #begin({ response, model }: Step<'begin'>): readonly JsonObject[] {
    const { messageId = response, before = [], denied = [] } = this.#note;
    return [
      { type: 'start', messageId, messageMetadata: { responseId: response, model } },
      ...(this.#isReplay ? before : []),
      ...denied.map((toolCallId) => ({ type: 'tool-output-denied', toolCallId })),
      { type: 'start-step' },
    ];
  }

  /** A page runs a tool as soon as it is told that the input is there, so that one which needs the user's yes is not told that. */
  #callEnd({ id, name, input, takesText }: Step<'call-end'>): JsonObject {
    const call = { toolCallId: id, toolName: name };
    const value = takesText ? input : parseJson(input === '' ? '{}' : input);
    if (value === undefined)
      return { type: 'tool-input-error', ...call, input, errorText: 'the model wrote input that is no JSON' };
    if (this.#note.approved?.includes(name))
      return { type: 'tool-approval-request', approvalId: `approval-${id}`, toolCallId: id };
    return { type: 'tool-input-available', ...call, input: value };
  }

  #source(step: Step<'source'> | Step<'document'>): JsonObject {
    const sourceId = `source-${this.#sources++}`;
    if (step.kind === 'document')
      return { type: 'source-document', sourceId, mediaType: 'text/plain', title: step.name, filename: step.name };
    return { type: 'source-url', sourceId, url: step.url, ...(step.title === undefined ? {} : { title: step.title }) };
  }
}

const toolStart = ({ id, name, takesText }: Step<'call-start'>): JsonObject => ({
  ...{ type: 'tool-input-start', toolCallId: id, toolName: name },
  ...(takesText ? { inputEncoding: 'text' } : {}),
});

/** The names under which the AI SDK keeps what a model of OpenAI needs to go on from its reasoning. */
const reasoningMetadata = (itemId: string, encrypted?: string): JsonObject => ({
  providerMetadata: {
    openai: { itemId, ...(encrypted === undefined ? {} : { reasoningEncryptedContent: encrypted }) },
  },
});

/** The output is there already; an image is a file of the message. */
function hostedEnd({ id, name, item }: Step<'hosted-end'>): readonly JsonObject[] {
  const call = { toolCallId: id, providerExecuted: true };
  const { id: _, type: __, status: ___, action, result, ...output } = item;
  const isImage = name === 'image_generation' && typeof result === 'string';
  const image = `image/${textAt(item, 'output_format') ?? 'png'}`;
  return [
    { type: 'tool-input-available', ...call, toolName: name, input: isObject(action) ? action : {} },
    {
      type: 'tool-output-available',
      ...call,
      output: isImage || result === undefined ? output : { ...output, result },
    },
    ...(isImage ? [{ type: 'file', mediaType: image, url: `data:${image};base64,${result}` }] : []),
  ];
}

const ending = (finish: JsonObject, usage: TokensUsed | undefined): readonly JsonObject[] => [
  { type: 'finish-step' },
  usage === undefined ? finish : { ...finish, messageMetadata: { usage } },
];
