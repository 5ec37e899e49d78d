// Writes a run as the events of AG-UI 1.0 (`EventSchemas` of the package @ag-ui/core).

import type { JsonObject } from '../../../codecs/json/object.ts';
import type { UiTranslator } from '../contract.ts';
import type { RunStep, TokensUsed } from '../run-step.ts';
import { StepReader } from '../step-reader.ts';
import type { AgUiNote } from './input.ts';

type Step<Kind extends RunStep['kind']> = Extract<RunStep, { readonly kind: Kind }>;

export class AgUiEvents implements UiTranslator {
  readonly #note: AgUiNote;
  readonly #steps = new StepReader();
  /** Calls that wait for an output of the page. */
  readonly #calls: string[] = [];
  #response = '';
  #model = '';
  /** The message that calls belong to. */
  #message = '';

  constructor(note: AgUiNote) {
    this.#note = note;
  }

  push(event: JsonObject): readonly JsonObject[] {
    return this.#steps.read(event).flatMap((step) => this.#events(step));
  }

  #events(step: RunStep): readonly JsonObject[] {
    switch (step.kind) {
      case 'begin':
        return [this.#begin(step)];
      case 'text-start':
        this.#message = step.id;
        return [{ type: 'TEXT_MESSAGE_START', messageId: step.id, role: 'assistant' }];
      case 'text-delta':
        return [{ type: 'TEXT_MESSAGE_CONTENT', messageId: step.id, delta: step.text }];
      case 'text-end':
        return [{ type: 'TEXT_MESSAGE_END', messageId: step.id }];
      case 'reasoning-start':
        return [
          { type: 'REASONING_START', messageId: step.id },
          { type: 'REASONING_MESSAGE_START', messageId: step.id, role: 'reasoning' },
        ];
      case 'reasoning-delta':
        return [{ type: 'REASONING_MESSAGE_CONTENT', messageId: step.id, delta: step.text }];
      case 'reasoning-end':
        return reasoningEnd(step);
      case 'call-start':
      case 'hosted-start':
        return [this.#callStart(step)];
      case 'call-delta':
        return [{ type: 'TOOL_CALL_ARGS', toolCallId: step.id, delta: step.text }];
      case 'call-end':
        this.#calls.push(step.id);
        return [{ type: 'TOOL_CALL_END', toolCallId: step.id }];
      case 'hosted-end':
        return hostedEnd(step);
      case 'source':
        return [{ type: 'CUSTOM', name: 'source', value: { url: step.url, title: step.title } }];
      case 'document':
        return [{ type: 'CUSTOM', name: 'source', value: { file: step.file, title: step.name } }];
      case 'end':
        return [this.#finished({ type: 'success', pendingToolCallIds: this.#calls }, step.usage, step.finish)];
      case 'cancelled':
        return [this.#finished({ type: 'cancelled' }, step.usage)];
      case 'failed':
        return [this.#error(step)];
    }
  }

  #begin({ response, model }: Step<'begin'>): JsonObject {
    this.#response = response;
    this.#model = model;
    this.#message = response;
    const { threadId, runId, parentRunId } = this.#note;
    const parent = parentRunId === undefined ? {} : { parentRunId };
    return { type: 'RUN_STARTED', threadId, runId, protocolVersion: '1.0', ...parent };
  }

  #callStart({ id, name }: Step<'call-start'> | Step<'hosted-start'>): JsonObject {
    return { type: 'TOOL_CALL_START', toolCallId: id, toolCallName: name, parentMessageId: this.#message };
  }

  #finished(outcome: JsonObject, usage: TokensUsed | undefined, finishReason?: string): JsonObject {
    const { threadId, runId } = this.#note;
    const why = finishReason === undefined ? {} : { finishReason };
    return {
      ...{ type: 'RUN_FINISHED', threadId, runId, outcome },
      result: { responseId: this.#response, ...why },
      ...this.#usage(usage),
    };
  }

  #error({ message, code, usage }: Step<'failed'>): JsonObject {
    return { type: 'RUN_ERROR', message, ...(code === undefined ? {} : { code }), ...this.#usage(usage) };
  }

  #usage(usage: TokensUsed | undefined): JsonObject {
    return usage === undefined ? {} : { usage: [{ model: this.#model, ...usage }] };
  }
}

function reasoningEnd({ id, encrypted }: Step<'reasoning-end'>): readonly JsonObject[] {
  const sealed = { type: 'REASONING_ENCRYPTED_VALUE', subtype: 'message', entityId: id, encryptedValue: encrypted };
  return [
    { type: 'REASONING_MESSAGE_END', messageId: id },
    ...(encrypted === undefined ? [] : [sealed]),
    { type: 'REASONING_END', messageId: id },
  ];
}

function hostedEnd({ id, item }: Step<'hosted-end'>): readonly JsonObject[] {
  const { id: _, type: __, status: ___, action = {}, ...output } = item;
  return [
    { type: 'TOOL_CALL_ARGS', toolCallId: id, delta: JSON.stringify(action) },
    { type: 'TOOL_CALL_END', toolCallId: id },
    { type: 'TOOL_CALL_RESULT', messageId: `result-${id}`, toolCallId: id, content: JSON.stringify(output) },
  ];
}
