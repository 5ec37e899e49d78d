// Translates the input items of a Responses request into the messages of chat completions.
// https://platform.openai.com/docs/api-reference/responses/create#responses_create-input

import { isObject, type JsonObject, textAt } from '../../../codecs/json/object.ts';
import { SEALED } from '../chat/reasoning.ts';
import type { Untranslated } from '../contract.ts';
import { CUSTOM_INPUT } from './items.ts';

interface TranslatedInput {
  readonly messages: readonly JsonObject[];
  /** The first item or part that has no form there. */
  readonly untranslated: Untranslated | undefined;
}

/** One message: words and calls of the assistant up to the next of another side. */
interface AssistantTurn {
  text: string[];
  readonly refusals: string[];
  readonly calls: JsonObject[];
  readonly sealed: string[];
}

/** Translates checked items. `instructions` come first. */
export function messagesOfInput(items: readonly JsonObject[], instructions: unknown): TranslatedInput {
  const collector = new MessageCollector();
  if (typeof instructions === 'string' && instructions !== '') collector.add({ role: 'system', content: instructions });
  for (const [at, item] of items.entries()) collector.take(item, `input[${at}]`);
  return { messages: collector.all(), untranslated: collector.untranslated };
}

class MessageCollector {
  readonly #messages: JsonObject[] = [];
  #turn: AssistantTurn | undefined;
  /** Images and files that tools gave: a message of a tool has text alone. */
  #given: JsonObject[] = [];
  untranslated: Untranslated | undefined;

  add(message: JsonObject): void {
    this.#endTurn();
    if (message.role !== 'tool') this.#endResults();
    this.#messages.push(message);
  }

  all(): readonly JsonObject[] {
    this.#endTurn();
    this.#endResults();
    return this.#messages;
  }

  take(item: JsonObject, param: string): void {
    switch (item.type ?? 'message') {
      case 'message':
        if (item.role === 'assistant') this.#say(item.content, param);
        else this.add({ role: item.role === 'user' ? 'user' : 'system', content: this.#content(item.content, param) });
        break;
      case 'function_call':
        this.#call(item, textAt(item, 'arguments') ?? '');
        break;
      case 'custom_tool_call':
        this.#call(item, JSON.stringify({ [CUSTOM_INPUT]: item.input }));
        break;
      case 'function_call_output':
      case 'custom_tool_call_output':
        this.#result(item, param);
        break;
      case 'reasoning':
        this.#reason(item);
        break;
      default:
        this.#leave(`items of the type ${String(item.type)}`, `${param}.type`);
    }
  }

  /** A second message of the assistant is one of its own, unless calls stand between: their results have to follow them. */
  #say(content: unknown, param: string): void {
    if (this.#turn && this.#turn.calls.length === 0 && this.#turn.text.length > 0) this.#endTurn();
    const turn = this.#ofAssistant();
    if (typeof content === 'string') turn.text.push(content);
    else {
      for (const [at, part] of partsIn(content).entries()) {
        if (typeof part.refusal === 'string') turn.refusals.push(part.refusal);
        else if (typeof part.text === 'string') turn.text.push(part.text);
        else this.#leave('this part of a message', `${param}.content[${at}].type`);
      }
    }
  }

  #call({ call_id: id, name }: JsonObject, args: string): void {
    this.#ofAssistant().calls.push({ id, type: 'function', function: { name, arguments: args } });
  }

  #reason({ encrypted_content: sealed }: JsonObject): void {
    if (typeof sealed === 'string') this.#ofAssistant().sealed.push(sealed);
  }

  #result({ call_id: id, output }: JsonObject, param: string): void {
    const content = this.#content(output, param, 'output');
    const parts = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
    const text = parts.flatMap((part) => (part.type === 'text' ? [String(part.text)] : [])).join('\n');
    this.add({ role: 'tool', tool_call_id: id, content: text });
    this.#given.push(...parts.filter(({ type }) => type !== 'text'));
  }

  #content(content: unknown, param: string, field = 'content'): string | readonly JsonObject[] {
    if (typeof content === 'string') return content;
    const parts = partsIn(content).flatMap((part, at): readonly JsonObject[] => {
      const translated = partOf(part);
      if (translated === undefined)
        this.#leave(`parts of the type ${String(part.type)}`, `${param}.${field}[${at}].type`);
      return translated === undefined ? [] : [translated];
    });
    const texts = parts.flatMap(({ type, text }) => (type === 'text' ? [String(text)] : []));
    return texts.length === parts.length ? texts.join('\n') : parts;
  }

  #leave(what: string, param: string): void {
    this.untranslated ??= { what, param };
  }

  #ofAssistant(): AssistantTurn {
    this.#endResults();
    this.#turn ??= { text: [], refusals: [], calls: [], sealed: [] };
    return this.#turn;
  }

  #endTurn(): void {
    const turn = this.#turn;
    this.#turn = undefined;
    if (turn === undefined) return;
    const { text, refusals, calls, sealed } = turn;
    const said = [...text, ...refusals];
    // Reasoning after which nothing was said belongs to nothing.
    if (said.length === 0 && calls.length === 0) return;
    this.#messages.push({
      role: 'assistant',
      content: said.length === 0 ? null : said.join('\n\n'),
      ...(calls.length === 0 ? {} : { tool_calls: calls }),
      ...(sealed.length === 0 ? {} : { [SEALED]: sealed }),
    });
  }

  #endResults(): void {
    const given = this.#given;
    this.#given = [];
    if (given.length > 0)
      this.#messages.push({ role: 'user', content: [{ type: 'text', text: '(What the tools gave.)' }, ...given] });
  }
}

const partsIn = (content: unknown): readonly JsonObject[] => (Array.isArray(content) ? content.filter(isObject) : []);

/** A part in the form of chat completions; undefined for one that has none there. */
function partOf(part: JsonObject): JsonObject | undefined {
  switch (part.type) {
    case 'input_text':
    case 'output_text':
      return { type: 'text', text: part.text };
    case 'input_image':
      return typeof part.image_url === 'string'
        ? { type: 'image_url', image_url: { url: part.image_url, ...(part.detail ? { detail: part.detail } : {}) } }
        : undefined;
    case 'input_file':
      return typeof part.file_data === 'string'
        ? { type: 'file', file: { filename: part.filename ?? 'file', file_data: part.file_data } }
        : undefined;
    case 'input_audio':
      return { type: 'input_audio', input_audio: part.input_audio };
    default:
      return undefined;
  }
}
