// The kinds of output items of a response: each emits its own events, from the one that adds it to the one that says that it is done.
// https://platform.openai.com/docs/api-reference/responses-streaming

import { type JsonObject, parseJson, textAt } from '../../../codecs/json/object.ts';

export type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

/** Takes an event; whoever takes it numbers it. */
export type Emit = (type: string, fields: JsonObject) => void;

/** The place of an item. `index`: its position in the output. */
interface Place {
  readonly id: string;
  readonly index: number;
  readonly emit: Emit;
}

export abstract class ResponseItem {
  readonly #place: Place;

  constructor(place: Place) {
    this.#place = place;
  }

  get id(): string {
    return this.#place.id;
  }

  /** The item with what came of it so far. */
  abstract item(status: ItemStatus): JsonObject;

  /** Emits what closes the parts of the item. */
  protected abstract close(): void;

  added(): void {
    this.#place.emit('response.output_item.added', { output_index: this.#place.index, item: this.item('in_progress') });
  }

  done(status: ItemStatus): JsonObject {
    this.close();
    const item = this.item(status);
    this.#place.emit('response.output_item.done', { output_index: this.#place.index, item });
    return item;
  }

  /** Emits an event of this item. */
  protected emit(type: string, fields: JsonObject): void {
    this.#place.emit(type, { item_id: this.#place.id, output_index: this.#place.index, ...fields });
  }
}

type MessagePart =
  | { readonly type: 'output_text'; text: string; readonly logprobs: unknown[] }
  | { readonly type: 'refusal'; refusal: string };

export class MessageItem extends ResponseItem {
  readonly #parts: MessagePart[] = [];

  text(delta: string, logprobs: readonly unknown[] = []): void {
    const last = this.#parts.at(-1);
    const part = last?.type === 'output_text' ? last : this.#open({ type: 'output_text', text: '', logprobs: [] });
    part.text += delta;
    part.logprobs.push(...logprobs);
    this.emit('response.output_text.delta', { content_index: this.#parts.length - 1, delta, logprobs });
  }

  refuse(delta: string): void {
    const last = this.#parts.at(-1);
    const part = last?.type === 'refusal' ? last : this.#open({ type: 'refusal', refusal: '' });
    part.refusal += delta;
    this.emit('response.refusal.delta', { content_index: this.#parts.length - 1, delta });
  }

  item(status: ItemStatus): JsonObject {
    return { id: this.id, type: 'message', status, content: this.#parts.map(partJson), role: 'assistant' };
  }

  protected close(): void {
    const part = this.#parts.at(-1);
    if (part === undefined) return;
    const place = { content_index: this.#parts.length - 1 };
    if (part.type === 'refusal') this.emit('response.refusal.done', { ...place, refusal: part.refusal });
    else this.emit('response.output_text.done', { ...place, text: part.text, logprobs: part.logprobs });
    this.emit('response.content_part.done', { ...place, part: partJson(part) });
  }

  #open<Part extends MessagePart>(part: Part): Part {
    this.close();
    this.#parts.push(part);
    this.emit('response.content_part.added', { content_index: this.#parts.length - 1, part: partJson(part) });
    return part;
  }
}

const partJson = (part: MessagePart): JsonObject =>
  part.type === 'refusal'
    ? { type: 'refusal', refusal: part.refusal }
    : { type: 'output_text', annotations: [], logprobs: [...part.logprobs], text: part.text };

/** Reasoning: a summary, or the model's own words, which are a content. */
export class ReasoningItem extends ResponseItem {
  readonly isSummary: boolean;
  readonly #encrypted: () => string | undefined;
  #text: string | undefined;

  /** `encrypted`: gives what the client keeps for the next call. */
  constructor(place: Place, isSummary: boolean, encrypted: () => string | undefined) {
    super(place);
    this.isSummary = isSummary;
    this.#encrypted = encrypted;
  }

  think(delta: string): void {
    if (this.#text === undefined) {
      this.emit(this.isSummary ? 'response.reasoning_summary_part.added' : 'response.content_part.added', {
        ...this.#part,
        part: this.#partJson(''),
      });
    }
    this.#text = (this.#text ?? '') + delta;
    this.emit(this.isSummary ? 'response.reasoning_summary_text.delta' : 'response.reasoning_text.delta', {
      ...this.#part,
      delta,
    });
  }

  item(status: ItemStatus): JsonObject {
    const parts = this.#text === undefined ? [] : [this.#partJson(this.#text)];
    const encrypted = status === 'in_progress' ? undefined : this.#encrypted();
    return {
      id: this.id,
      type: 'reasoning',
      summary: this.isSummary ? parts : [],
      ...(this.isSummary || parts.length === 0 ? {} : { content: parts }),
      ...(encrypted === undefined ? {} : { encrypted_content: encrypted }),
    };
  }

  protected close(): void {
    if (this.#text === undefined) return;
    const text = this.#text;
    const isSummary = this.isSummary;
    this.emit(isSummary ? 'response.reasoning_summary_text.done' : 'response.reasoning_text.done', {
      ...this.#part,
      text,
    });
    this.emit(isSummary ? 'response.reasoning_summary_part.done' : 'response.content_part.done', {
      ...this.#part,
      part: this.#partJson(text),
    });
  }

  get #part(): JsonObject {
    return this.isSummary ? { summary_index: 0 } : { content_index: 0 };
  }

  #partJson(text: string): JsonObject {
    return { type: this.isSummary ? 'summary_text' : 'reasoning_text', text };
  }
}

interface CalledFunction {
  readonly callId: string;
  readonly name: string;
  /** A custom tool: its input is free text, which comes as the only argument of a function. */
  readonly isCustom: boolean;
}

export class CallItem extends ResponseItem {
  readonly #called: CalledFunction;
  #input = '';

  constructor(place: Place, called: CalledFunction) {
    super(place);
    this.#called = called;
  }

  input(delta: string): void {
    if (delta === '') return;
    this.#input += delta;
    if (!this.#called.isCustom) this.emit('response.function_call_arguments.delta', { delta });
  }

  item(status: ItemStatus): JsonObject {
    const { callId, name, isCustom } = this.#called;
    const input = status === 'in_progress' ? '' : this.#whole();
    return isCustom
      ? { id: this.id, type: 'custom_tool_call', status, call_id: callId, input, name }
      : { id: this.id, type: 'function_call', status, arguments: input, call_id: callId, name };
  }

  protected close(): void {
    const { isCustom, name } = this.#called;
    const input = this.#whole();
    if (isCustom) {
      this.emit('response.custom_tool_call_input.delta', { delta: input });
      this.emit('response.custom_tool_call_input.done', { input });
      return;
    }
    // A call without arguments has an empty text at some endpoints, which is no JSON.
    if (this.#input === '') this.emit('response.function_call_arguments.delta', { delta: input });
    this.emit('response.function_call_arguments.done', { arguments: input, name });
  }

  #whole(): string {
    if (!this.#called.isCustom) return this.#input || '{}';
    const args = parseJson(this.#input);
    return textAt(typeof args === 'object' ? (args as JsonObject) : undefined, CUSTOM_INPUT) ?? this.#input;
  }
}

/** The only argument of a function that stands for a custom tool. */
export const CUSTOM_INPUT = 'input';
