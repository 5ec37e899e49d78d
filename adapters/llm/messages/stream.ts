// Writes an answer as the events of Anthropic's Messages API, whatever form its endpoint has; a whole answer has the blocks that these events
// make. Rule: one block is open at a time.

import { randomBytes } from 'node:crypto';
import { type JsonObject, parseJson } from '../../../codecs/json/object.ts';
import type { AnswerDelta, StreamWriter } from '../chat/answer.ts';
import { addDetails, sealed } from '../chat/reasoning.ts';
import type { ToolCallDelta } from '../chat/tools.ts';
import { LlmFailure, type NativeCall, type StreamOutcome } from '../contract.ts';
import { messageErrorEvent, messageEvent } from './event.ts';
import { endOfMessage, newMessage } from './message.ts';
import { wantsThinking } from './request.ts';

type BlockKind = 'text' | 'thinking' | 'tool_use';

interface OpenBlock {
  readonly kind: BlockKind;
  /** The block as it begins. */
  readonly head: JsonObject;
  /** Its text, its thoughts, or its input in JSON. */
  said: string;
}

export class MessageWriter implements StreamWriter {
  readonly #target: string | undefined;
  readonly #wantsThinking: boolean;
  readonly #message: JsonObject;
  readonly #blocks: JsonObject[] = [];
  #details: JsonObject[] = [];
  #pieces: Buffer[] = [];
  #open: OpenBlock | undefined;
  #call: number | undefined;
  #hasBegun = false;

  /** `model`: the one that was asked for. */
  constructor({ target, body }: NativeCall, model: string) {
    this.#target = target;
    this.#wantsThinking = wantsThinking(body);
    this.#message = newMessage(model);
  }

  /** Writes a whole answer as the message object. */
  whole(delta: AnswerDelta, outcome: StreamOutcome): JsonObject {
    this.#add(delta);
    this.#closeAll();
    const { stop, usage } = endOfMessage(outcome);
    return { ...this.#message, model: outcome.served ?? this.#message.model, content: this.#blocks, ...stop, usage };
  }

  delta(delta: AnswerDelta, { served }: Pick<StreamOutcome, 'served'>): readonly Buffer[] {
    if (!this.#saysSomething(delta)) return [];
    this.#begin(served);
    this.#add(delta);
    return this.#taken();
  }

  end(outcome: StreamOutcome): readonly Buffer[] {
    this.#begin(outcome.served);
    this.#closeAll();
    const { stop: delta, usage } = endOfMessage(outcome);
    this.#emit('message_delta', { delta, usage });
    this.#emit('message_stop', {});
    return this.#taken();
  }

  failed(error: JsonObject): Buffer {
    return messageErrorEvent(error);
  }

  #saysSomething({ text, thought, refusal, details = [], calls = [] }: AnswerDelta): boolean {
    const isSeen = this.#wantsThinking && Boolean(thought?.text);
    return Boolean(text) || isSeen || Boolean(refusal) || details.length > 0 || calls.length > 0;
  }

  #add({ text, thought, refusal, details = [], calls = [] }: AnswerDelta): void {
    addDetails(this.#details, details);
    if (thought?.text && this.#wantsThinking) this.#say('thinking', thought.text);
    const words = `${text ?? ''}${refusal ?? ''}`;
    if (words !== '') this.#say('text', words);
    for (const call of calls) this.#addCall(call);
  }

  #say(kind: 'text' | 'thinking', words: string): void {
    if (this.#open?.kind !== kind) {
      this.#openBlock(kind, kind === 'text' ? { type: kind, text: '' } : { type: kind, thinking: '', signature: '' });
    }
    this.#grow(
      words,
      kind === 'text' ? { type: 'text_delta', text: words } : { type: 'thinking_delta', thinking: words },
    );
  }

  #addCall({ index, id, name, input = '' }: ToolCallDelta): void {
    if (this.#open?.kind !== 'tool_use' || this.#call !== index) {
      if (!name) throw new LlmFailure('garbled', 'a part of a call of a tool that has not begun, or has ended');
      const own = id ?? `toolu_${randomBytes(12).toString('hex')}`;
      this.#openBlock('tool_use', { type: 'tool_use', id: own, name, input: {} });
      this.#call = index;
    }
    if (input !== '') this.#grow(input, { type: 'input_json_delta', partial_json: input });
  }

  #openBlock(kind: BlockKind, head: JsonObject): void {
    this.#close();
    this.#open = { kind, head, said: '' };
    this.#emit('content_block_start', { index: this.#blocks.length, content_block: head });
  }

  #grow(words: string, delta: JsonObject): void {
    (this.#open as OpenBlock).said += words;
    this.#emit('content_block_delta', { index: this.#blocks.length, delta });
  }

  #close(): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    const index = this.#blocks.length;
    const signature = open.kind === 'thinking' ? this.#sealed() : undefined;
    if (signature !== undefined)
      this.#emit('content_block_delta', { index, delta: { type: 'signature_delta', signature } });
    this.#blocks.push(blockOf(open, signature));
    this.#emit('content_block_stop', { index });
  }

  /** Reasoning that nobody saw is kept at the end, where it is in nobody's way, for a model that goes on after its tools. */
  #closeAll(): void {
    this.#close();
    const hasCalls = this.#blocks.some(({ type }) => type === 'tool_use');
    const data = hasCalls || this.#wantsThinking ? this.#sealed() : undefined;
    if (data === undefined) return;
    const block = { type: 'redacted_thinking', data };
    const index = this.#blocks.push(block) - 1;
    this.#emit('content_block_start', { index, content_block: block });
    this.#emit('content_block_stop', { index });
  }

  #sealed(): string | undefined {
    const details = this.#details;
    this.#details = [];
    return this.#target === undefined || details.length === 0 ? undefined : sealed(this.#target, details);
  }

  #begin(served: string | undefined): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    const message = served === undefined ? this.#message : { ...this.#message, model: served };
    this.#emit('message_start', { message });
  }

  #emit(type: string, fields: JsonObject): void {
    this.#pieces.push(messageEvent(type, fields));
  }

  #taken(): readonly Buffer[] {
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces;
  }
}

function blockOf({ kind, head, said }: OpenBlock, signature = ''): JsonObject {
  if (kind === 'text') return { ...head, text: said };
  if (kind === 'thinking') return { ...head, thinking: said, signature };
  return { ...head, input: parseJson(said || '{}') ?? {} };
}
