// Keeps the items of a conversation, so that the next socket can be told them under the same ids. Sound is told as the words that were heard in it.

import { isObject, type JsonObject, textAt } from '../../../../codecs/json/object.ts';

/** Text that is kept: the oldest items go first. */
const MAX_BYTES = 256 * 1024;
/** Stands for speech that nobody has put into words. */
const NO_WORDS = '[speech without a transcript]';

type Item = Record<string, unknown> & { readonly id: string };

interface KeptItem {
  readonly item: Item;
  readonly bytes: number;
}

export class Items {
  readonly #items = new Map<string, KeptItem>();
  #bytes = 0;

  /** Adds an item, or takes its newest state. Its content may lack what comes later. */
  put(item: JsonObject): void {
    const { id } = item;
    if (typeof id !== 'string' || id === '') return;
    const before = this.#items.get(id)?.item;
    const known = before === undefined ? item : withWordsOf(item, before);
    this.#set({ item: { ...known, id }, bytes: sizeOf(known) });
    this.#bound();
  }

  /** Adds words that were heard in sound of an item, or all of them. */
  words(id: string | undefined, text: string, isPiece: boolean): void {
    const kept = id === undefined ? undefined : this.#items.get(id);
    if (kept === undefined) return;
    const { words = '' } = kept.item as { readonly words?: string };
    const next = isPiece ? words + text : text;
    this.#set({ item: { ...kept.item, words: next }, bytes: kept.bytes + next.length - words.length });
    this.#bound();
  }

  remove(id: string | undefined): void {
    const kept = id === undefined ? undefined : this.#items.get(id);
    if (kept === undefined) return;
    this.#bytes -= kept.bytes;
    this.#items.delete(kept.item.id);
  }

  /** The items as a client would create them, oldest first. Such as cannot be created are left out. */
  get all(): readonly JsonObject[] {
    return [...this.#items.values()].map(({ item }) => creatable(item)).filter((item) => item !== undefined);
  }

  #bound(): void {
    for (const [id] of this.#items) {
      if (this.#bytes <= MAX_BYTES || this.#items.size === 1) return;
      this.remove(id);
    }
  }

  #set(kept: KeptItem): void {
    const { id } = kept.item;
    this.#bytes += kept.bytes - (this.#items.get(id)?.bytes ?? 0);
    this.#items.set(id, kept);
  }
}

/** Sound itself is not kept, and does not count. */
const sizeOf = (item: JsonObject): number =>
  JSON.stringify(item, (key, value) => (key === 'audio' ? undefined : value)).length;

/** Words that came piece by piece stay where the item itself does not say them. */
function withWordsOf(item: JsonObject, before: Item): JsonObject {
  return before.words === undefined || item.words !== undefined ? item : { ...item, words: before.words };
}

function creatable(item: Item): JsonObject | undefined {
  const { id, type, role, call_id, name, output, words } = item;
  switch (type) {
    case 'message':
      return { id, type, role, content: contentOf(item, typeof words === 'string' ? words : '') };
    case 'function_call':
      return { id, type, call_id, name, arguments: item.arguments };
    case 'function_call_output':
      return { id, type, call_id, output };
    default:
      return undefined;
  }
}

function contentOf({ role, content }: Item, words: string): readonly JsonObject[] {
  const parts: readonly JsonObject[] = Array.isArray(content) ? content.filter(isObject) : [];
  const type = role === 'assistant' ? 'output_text' : 'input_text';
  const told = parts.map((part): JsonObject => {
    if (part.type === 'input_image') return part;
    return { type, text: textAt(part, 'text') || textAt(part, 'transcript') || words };
  });
  const said: readonly JsonObject[] = told.filter((part) => part.type === 'input_image' || part.text !== '');
  return said.length > 0 ? said : [{ type, text: words || NO_WORDS }];
}
