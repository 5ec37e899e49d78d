// Writes UI messages as the input of a request of OpenAI Responses.

import { type JsonObject, textAt } from '../../../codecs/json/object.ts';
import { UiFault } from '../contract.ts';
import { fileContent } from './file-part.ts';
import { type ToolPart, toolItems, toolPart } from './tool-part.ts';
import { partText, type UiMessage, type UiPart, uiParts } from './ui-message.ts';

/** `takesText`: names of tools whose input is any text. @throws UiFault, also for a call of the last message that has no output yet. */
export function chatItems(messages: readonly UiMessage[], takesText: ReadonlySet<string>): readonly JsonObject[] {
  const items = messages.flatMap((message, at): readonly JsonObject[] => {
    const isLast = at === messages.length - 1;
    if (message.role === 'assistant') return new AssistantItems(takesText, isLast).read(message);
    return message.role === 'user' ? userItems(message.parts) : systemItems(message);
  });
  if (items.length === 0) throw new UiFault('messages', 'expected a message with text or files');
  return items;
}

function systemItems({ parts }: UiMessage): readonly JsonObject[] {
  const text = parts.filter(({ type }) => type === 'text').map(partText);
  return text.length === 0 ? [] : [{ role: 'system', content: text.join('') }];
}

function userItems(parts: readonly UiPart[]): readonly JsonObject[] {
  const content = parts.flatMap((part): readonly JsonObject[] => {
    if (part.type === 'text') return [{ type: 'input_text', text: partText(part) }];
    return part.type === 'file' ? [fileContent(part)] : [];
  });
  return content.length === 0 ? [] : [{ role: 'user', content }];
}

/** The items of one message: those of each step, and behind them the outputs of its calls. */
class AssistantItems {
  readonly #takesText: ReadonlySet<string>;
  readonly #isLast: boolean;
  readonly #items: JsonObject[] = [];
  #outputs: JsonObject[] = [];
  /** The reasoning that is being read: its parts are one item. */
  #reasoning:
    | { readonly id: string | undefined; readonly item: { encrypted_content?: string; summary: JsonObject[] } }
    | undefined;

  constructor(takesText: ReadonlySet<string>, isLast: boolean) {
    this.#takesText = takesText;
    this.#isLast = isLast;
  }

  read({ parts }: UiMessage): readonly JsonObject[] {
    for (const part of parts) this.#add(part);
    this.#endStep();
    return this.#items.filter((item) => item.type !== 'reasoning' || item.encrypted_content !== undefined);
  }

  #add(part: UiPart): void {
    if (part.type === 'step-start') this.#endStep();
    else if (part.type === 'text') this.#say(partText(part), part.part);
    else if (part.type === 'reasoning') this.#think(part);
    else if (part.type === 'steering-message') {
      this.#endStep();
      this.#items.push(...userItems(uiParts(part.part.parts, `${part.field}.parts`)));
    } else {
      const tool = toolPart(part);
      if (tool !== undefined) this.#call(tool);
    }
  }

  #endStep(): void {
    this.#items.push(...this.#outputs);
    this.#outputs = [];
    this.#reasoning = undefined;
  }

  #say(text: string, part: JsonObject): void {
    if (text === '') return;
    const phase = textAt(part, 'providerMetadata', 'openai', 'phase');
    this.#items.push({ role: 'assistant', content: text, ...(phase === undefined ? {} : { phase }) });
  }

  /** Models go on from reasoning that is encrypted; without that it would be an id that no endpoint has kept. */
  #think(part: UiPart): void {
    const id = textAt(part.part, 'providerMetadata', 'openai', 'itemId');
    const encrypted = textAt(part.part, 'providerMetadata', 'openai', 'reasoningEncryptedContent');
    if (this.#reasoning === undefined || this.#reasoning.id !== id || id === undefined) {
      const item = { type: 'reasoning', ...(id === undefined ? {} : { id }), summary: [] };
      this.#reasoning = { id, item };
      this.#items.push(item);
    }
    const { item } = this.#reasoning;
    const text = partText(part);
    if (text !== '') item.summary.push({ type: 'summary_text', text });
    if (encrypted !== undefined) item.encrypted_content = encrypted;
  }

  /** A later message of the user supersedes calls that nobody has answered. */
  #call(tool: ToolPart): void {
    if (tool.isHosted) return;
    if (tool.output === undefined) {
      if (!this.#isLast) return;
      const wanted =
        tool.state === 'approval-requested' ? "the user's answer to this request" : 'the output of this tool call';
      throw new UiFault(`${tool.field}.state`, `expected ${wanted} before the chat goes on`);
    }
    const { call, result } = toolItems(tool, this.#takesText);
    this.#items.push(call);
    this.#outputs.push(result);
  }
}
