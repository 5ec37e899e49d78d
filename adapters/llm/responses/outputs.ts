// The output of a response while it is written. Rule: an item is done before the next is added, as OpenAI has it.

import type { JsonObject } from '../../../codecs/json/object.ts';
import type { AnswerDelta, Thought } from '../chat/answer.ts';
import { addDetails, sealed } from '../chat/reasoning.ts';
import type { ToolCallDelta } from '../chat/tools.ts';
import { LlmFailure } from '../contract.ts';
import { CallItem, type Emit, type ItemStatus, MessageItem, ReasoningItem, type ResponseItem } from './items.ts';

interface OutputsOptions {
  readonly emit: Emit;
  /** The part of the response's id that its items have, too. */
  readonly name: string;
  /** The target that reasoning is sealed for; undefined: none is. */
  readonly target: string | undefined;
  /** Names of custom tools. */
  readonly customTools: ReadonlySet<string>;
  /** The client asked for a summary of the reasoning, so all of it is called that. */
  readonly wantsSummary: boolean;
}

export class ResponseOutputs {
  readonly #options: OutputsOptions;
  readonly #items: JsonObject[] = [];
  #open: ResponseItem | undefined;
  /** Details that the target wants back, and no item has yet. */
  #details: JsonObject[] = [];
  readonly #callIds = new Set<string>();
  /** The call that is open, or was last. */
  #call: { readonly index: number; readonly id: string | undefined } | undefined;

  constructor(options: OutputsOptions) {
    this.#options = options;
  }

  /** Adds a part of the answer. @throws LlmFailure `garbled` for calls that cannot be told apart. */
  add({ thought, details = [], text, logprobs, refusal, calls = [] }: AnswerDelta): void {
    if (thought !== undefined && thought.text !== '') this.#think(thought);
    if (details.length > 0) addDetails(this.#details, details);
    // Details of a call stand before it.
    if (calls.length > 0 && this.#details.length > 0) this.#reasoning(false);
    if (text) this.#message().text(text, logprobs);
    if (refusal) this.#message().refuse(refusal);
    for (const call of calls) this.#addCall(call);
  }

  /** Ends what is open. Returns the whole output. */
  end(status: ItemStatus): readonly JsonObject[] {
    if (this.#details.length > 0) this.#reasoning(false);
    this.#close(status);
    return this.#items;
  }

  /** The output so far, of an answer that broke off. */
  soFar(): readonly JsonObject[] {
    return this.#open === undefined ? this.#items : [...this.#items, this.#open.item('incomplete')];
  }

  #think({ text, isSummary }: Thought): void {
    this.#reasoning(isSummary || this.#options.wantsSummary).think(text);
  }

  /** The item for reasoning: the open one, else a new one. */
  #reasoning(isSummary: boolean): ReasoningItem {
    if (this.#open instanceof ReasoningItem) return this.#open;
    const { target } = this.#options;
    const encrypted = () =>
      target === undefined || this.#details.length === 0 ? undefined : sealed(target, this.#details);
    return this.#add('rs', (place) => new ReasoningItem(place, isSummary, encrypted));
  }

  #message(): MessageItem {
    if (this.#open instanceof MessageItem) return this.#open;
    return this.#add('msg', (place) => new MessageItem(place));
  }

  #addCall({ index, id, name, input = '' }: ToolCallDelta): void {
    const isNew = this.#call?.index !== index || (id !== undefined && name !== undefined && id !== this.#call.id);
    if (isNew || !(this.#open instanceof CallItem)) this.#beginCall(index, id, name);
    (this.#open as CallItem).input(input);
  }

  #beginCall(index: number, id: string | undefined, name: string | undefined): void {
    if (!name) throw new LlmFailure('garbled', 'a part of a call of a tool that has not begun, or has ended');
    const isCustom = this.#options.customTools.has(name);
    const called = { callId: this.#freeId(id), name, isCustom };
    this.#add(isCustom ? 'ctc' : 'fc', (place) => new CallItem(place, called));
    this.#call = { index, id };
  }

  /** Ids of calls differ within a response, whatever an endpoint gives. */
  #freeId(id = `call_${this.#options.name}${this.#items.length}`): string {
    let free = id;
    for (let count = 2; this.#callIds.has(free); count++) free = `${id}_${count}`;
    this.#callIds.add(free);
    return free;
  }

  #add<Item extends ResponseItem>(
    prefix: string,
    make: (place: ConstructorParameters<typeof ResponseItem>[0]) => Item,
  ): Item {
    this.#close('completed');
    const { emit, name } = this.#options;
    const index = this.#items.length;
    const item = make({ id: `${prefix}_${name}${index.toString(16).padStart(4, '0')}`, index, emit });
    this.#open = item;
    item.added();
    return item;
  }

  #close(status: ItemStatus): void {
    if (this.#open === undefined) return;
    const isReasoning = this.#open instanceof ReasoningItem;
    this.#items.push(this.#open.done(status));
    if (isReasoning) this.#details = [];
    this.#open = undefined;
  }
}
