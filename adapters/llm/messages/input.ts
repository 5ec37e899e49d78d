// Translates the messages of Anthropic's Messages API into those of chat completions.
// https://docs.anthropic.com/en/api/messages

import { isObject, type JsonObject, objectAt, textAt } from '../../../codecs/json/object.ts';
import { SEALED } from '../chat/reasoning.ts';
import type { Untranslated } from '../contract.ts';

interface TranslatedInput {
  readonly messages: readonly JsonObject[];
  /** The first block that has no form there. */
  readonly untranslated: Untranslated | undefined;
}

/** Translates checked messages. `system`: a text, or blocks of text. */
export function messagesOfTurns(turns: readonly JsonObject[], system: unknown): TranslatedInput {
  const reader = new TurnReader();
  const instructions = textOfBlocks(system);
  const messages = turns.flatMap((turn, at) => reader.messagesOf(turn, `messages[${at}]`));
  const first = instructions === '' ? [] : [{ role: 'system', content: instructions }];
  return { messages: [...first, ...messages], untranslated: reader.untranslated };
}

class TurnReader {
  untranslated: Untranslated | undefined;

  messagesOf({ role, content }: JsonObject, param: string): readonly JsonObject[] {
    if (typeof content === 'string') return [{ role, content }];
    const blocks = blocksIn(content);
    if (role === 'system') return [{ role, content: textOfBlocks(content) }];
    return role === 'assistant' ? this.#said(blocks, param) : this.#asked(blocks, param);
  }

  /** The results of tools stand before what the user says: in chat completions they directly follow their calls. */
  #asked(blocks: readonly JsonObject[], param: string): readonly JsonObject[] {
    const results: JsonObject[] = [];
    const parts: JsonObject[] = [];
    for (const [at, block] of blocks.entries()) {
      const place = `${param}.content[${at}]`;
      if (block.type !== 'tool_result') {
        parts.push(...this.#parts(block, place));
        continue;
      }
      const given = this.#resultParts(block, place);
      results.push({ role: 'tool', tool_call_id: block.tool_use_id, content: resultText(block, given) });
      // A message of a tool has text alone.
      parts.push(...given.filter(({ type }) => type !== 'text'));
    }
    return parts.length === 0 ? results : [...results, { role: 'user', content: plain(parts) }];
  }

  #resultParts({ content }: JsonObject, place: string): readonly JsonObject[] {
    if (typeof content === 'string') return [{ type: 'text', text: content }];
    return blocksIn(content).flatMap((block, at) => this.#parts(block, `${place}.content[${at}]`));
  }

  #said(blocks: readonly JsonObject[], param: string): readonly JsonObject[] {
    const [texts, calls, sealed]: [string[], JsonObject[], string[]] = [[], [], []];
    for (const [at, block] of blocks.entries()) {
      switch (block.type) {
        case 'text':
          texts.push(String(block.text));
          break;
        case 'tool_use':
          calls.push(callOf(block));
          break;
        case 'thinking':
          sealed.push(...textIn(block.signature));
          break;
        case 'redacted_thinking':
          sealed.push(...textIn(block.data));
          break;
        default:
          this.#leave(block, `${param}.content[${at}]`);
      }
    }
    if (texts.length === 0 && calls.length === 0) return [];
    return [
      {
        role: 'assistant',
        content: texts.length === 0 ? null : texts.join('\n\n'),
        ...(calls.length === 0 ? {} : { tool_calls: calls }),
        ...(sealed.length === 0 ? {} : { [SEALED]: sealed }),
      },
    ];
  }

  /** The parts that a block is in chat completions. */
  #parts(block: JsonObject, place: string): readonly JsonObject[] {
    const parts = partsOf(block);
    if (parts === undefined) this.#leave(block, place);
    return parts ?? [];
  }

  #leave({ type }: JsonObject, param: string): void {
    this.untranslated ??= { what: `blocks of the type ${String(type)} in this form`, param };
  }
}

const callOf = ({ id, name, input }: JsonObject): JsonObject => ({
  id,
  type: 'function',
  function: { name, arguments: JSON.stringify(input ?? {}) },
});

/** Chat completions have no mark for the result of a tool that failed, so words say it. */
function resultText({ is_error: isError }: JsonObject, parts: readonly JsonObject[]): string {
  const text = parts.flatMap((part) => (part.type === 'text' ? [String(part.text)] : [])).join('\n');
  return isError === true ? `(The tool failed.) ${text}` : text;
}

/** undefined for a block without a form in chat completions. */
function partsOf(block: JsonObject): readonly JsonObject[] | undefined {
  switch (block.type) {
    case 'text':
      return [{ type: 'text', text: block.text }];
    case 'image':
      return imageOf(objectAt(block, 'source') ?? {});
    case 'document':
      return documentOf(block, objectAt(block, 'source') ?? {});
    case 'search_result':
      return [{ type: 'text', text: [block.title, block.source, textOfBlocks(block.content)].join('\n') }];
    default:
      return undefined;
  }
}

function imageOf({ type, url, media_type: mediaType, data }: JsonObject): readonly JsonObject[] | undefined {
  if (type === 'url') return [{ type: 'image_url', image_url: { url } }];
  if (type !== 'base64') return undefined;
  return [{ type: 'image_url', image_url: { url: `data:${String(mediaType)};base64,${String(data)}` } }];
}

function documentOf(block: JsonObject, source: JsonObject): readonly JsonObject[] | undefined {
  const { type, media_type: mediaType, data } = source;
  const title = textAt(block, 'title');
  const about = [title, textAt(block, 'context')].filter((text) => text !== undefined);
  const named = (text: string) => [{ type: 'text', text: [...about, text].join('\n') }];
  if (type === 'text') return named(String(data));
  if (type === 'content') return named(textOfBlocks(source.content));
  if (type !== 'base64') return undefined;
  const file = { filename: title ?? 'document.pdf', file_data: `data:${String(mediaType)};base64,${String(data)}` };
  return [{ type: 'file', file }];
}

/** Text alone is a string, which every endpoint takes. */
function plain(parts: readonly JsonObject[]): string | readonly JsonObject[] {
  const texts = parts.flatMap(({ type, text }) => (type === 'text' ? [String(text)] : []));
  return texts.length === parts.length ? texts.join('\n') : parts;
}

const textIn = (value: unknown): readonly string[] => (typeof value === 'string' ? [value] : []);

const blocksIn = (content: unknown): readonly JsonObject[] => (Array.isArray(content) ? content.filter(isObject) : []);

/** The text of a content: a string, or blocks. */
function textOfBlocks(content: unknown): string {
  if (typeof content === 'string') return content;
  return blocksIn(content)
    .flatMap(({ text }) => textIn(text))
    .join('\n\n');
}
