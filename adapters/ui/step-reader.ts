// Reads the events of a streamed response of OpenAI (or of who speaks its form) as steps. Rule: every part that began ends, also where an
// endpoint leaves out the deltas, or the events around them.

import { isObject, type JsonObject, objectAt, textAt, valueAt } from '../../codecs/json/object.ts';
import type { Finish, RunStep, TokensUsed } from './run-step.ts';

interface OpenPart {
  readonly kind: 'text' | 'reasoning' | 'call';
  readonly id: string;
  readonly item: string;
  /** The name of the tool of a call. */
  readonly name: string;
  readonly takesText: boolean;
  /** Characters that were told. */
  told: number;
}

type Read = (event: JsonObject) => readonly RunStep[];

export class StepReader {
  /** Parts that have not ended, in their order. */
  readonly #open = new Map<string, OpenPart>();
  /** Items and parts that were told. */
  readonly #told = new Set<string>();
  #hasCalls = false;
  #hasRefusal = false;
  #isOver = false;

  readonly #readers: Readonly<Record<string, Read>> = {
    'response.created': (event) => this.#begin(event),
    'response.output_item.added': (event) => this.#itemBegins(event),
    'response.output_item.done': (event) => this.#itemEnds(event),
    'response.content_part.added': (event) => this.#partBegins(event),
    'response.content_part.done': (event) => this.#partEnds(event),
    'response.output_text.delta': (event) => this.#text(event, textAt(event, 'delta')),
    'response.output_text.annotation.added': (event) => annotation(event.annotation),
    'response.refusal.delta': (event) => this.#refusal(event),
    'response.reasoning_summary_part.added': (event) => this.#reasoning(event, undefined),
    'response.reasoning_summary_part.done': (event) => this.#summary(event, textAt(event, 'part', 'text')),
    'response.reasoning_summary_text.delta': (event) => this.#reasoning(event, textAt(event, 'delta')),
    'response.reasoning_text.delta': (event) => this.#reasoning(event, textAt(event, 'delta')),
    'response.function_call_arguments.delta': (event) => this.#call(event),
    'response.custom_tool_call_input.delta': (event) => this.#call(event),
    'response.completed': (event) => this.#end(event),
    'response.incomplete': (event) => this.#end(event),
    'response.cancelled': (event) => this.#end(event),
    'response.failed': (event) => this.#end(event),
    error: (event) => this.#fail(event),
  };

  read(event: JsonObject): readonly RunStep[] {
    const { type } = event;
    if (this.#isOver || typeof type !== 'string' || !Object.hasOwn(this.#readers, type)) return [];
    return this.#readers[type]?.(event) ?? [];
  }

  #begin(event: JsonObject): RunStep[] {
    const response = objectAt(event, 'response');
    return [{ kind: 'begin', response: textAt(response, 'id') ?? '', model: textAt(response, 'model') ?? '' }];
  }

  #itemBegins(event: JsonObject): RunStep[] {
    const item = objectAt(event, 'item') ?? {};
    if (isCall(item)) return this.#callBegins(item);
    const name = hostedName(item);
    return name === undefined ? [] : [{ kind: 'hosted-start', id: textAt(item, 'id') ?? '', name }];
  }

  #itemEnds(event: JsonObject): RunStep[] {
    const item = objectAt(event, 'item') ?? {};
    const id = textAt(item, 'id') ?? '';
    if (isCall(item)) return [...this.#callBegins(item), ...this.#callEnds(item)];
    if (item.type === 'message') return [...this.#untold(id, item), ...this.#close((part) => part.item === id)];
    if (item.type === 'reasoning') return this.#reasoningEnds(id, item);
    const name = hostedName(item);
    return name === undefined ? [] : [{ kind: 'hosted-end', id, name, item }];
  }

  /** Tells the parts of a message of which no event came before. */
  #untold(id: string, { content }: JsonObject): RunStep[] {
    if (this.#told.has(id) || !Array.isArray(content)) return [];
    return content.filter(isObject).flatMap((part, at) => {
      const event = { item_id: id, content_index: at };
      const steps = part.type === 'refusal' ? this.#refusal({ ...event, delta: part.refusal }) : [];
      const sources = Array.isArray(part.annotations) ? part.annotations.flatMap(annotation) : [];
      return [...steps, ...this.#text(event, textAt(part, 'text')), ...sources];
    });
  }

  #partBegins(event: JsonObject): RunStep[] {
    const type = valueAt(event, ['part', 'type']);
    if (type === 'reasoning_text') return this.#reasoning(event, undefined);
    return type === 'output_text' || type === 'refusal' ? this.#text(event, undefined) : [];
  }

  #partEnds(event: JsonObject): RunStep[] {
    const id = partId(event);
    const part = this.#open.get(id);
    if (part?.kind !== 'text') return [];
    // Some endpoints write no deltas.
    const whole = textAt(event, 'part', 'text') ?? textAt(event, 'part', 'refusal') ?? '';
    const rest = part.told === 0 && whole !== '' ? this.#text(event, whole) : [];
    return [...rest, ...this.#close((one) => one === part)];
  }

  #text(event: JsonObject, text: string | undefined): RunStep[] {
    const id = partId(event);
    const steps = this.#begins('text', event, id, [{ kind: 'text-start', id }]);
    return [...steps, ...this.#delta(id, 'text-delta', text)];
  }

  #refusal(event: JsonObject): RunStep[] {
    this.#hasRefusal = true;
    return this.#text(event, textAt(event, 'delta'));
  }

  /** The parts of an item come one after the other: one ends where the next begins. */
  #reasoning(event: JsonObject, text: string | undefined): RunStep[] {
    const item = textAt(event, 'item_id') ?? '';
    const id = partId(event);
    const ended = this.#open.has(id) ? [] : this.#close((part) => part.kind === 'reasoning' && part.item === item);
    const begun = this.#begins('reasoning', event, id, [{ kind: 'reasoning-start', id, item }]);
    return [...ended, ...begun, ...this.#delta(id, 'reasoning-delta', text)];
  }

  #reasoningEnds(item: string, { encrypted_content: encrypted, summary }: JsonObject): RunStep[] {
    const texts = Array.isArray(summary) ? summary.filter(isObject) : [];
    const untold = texts.flatMap((part, at) =>
      this.#summary({ item_id: item, summary_index: at }, textAt(part, 'text')),
    );
    const isEncrypted = typeof encrypted === 'string' && encrypted !== '';
    const empty = isEncrypted && !this.#told.has(item) ? this.#reasoning({ item_id: item }, undefined) : [];
    const isOfItem = (part: OpenPart) => part.item === item && part.kind === 'reasoning';
    return [...untold, ...empty, ...this.#close(isOfItem, isEncrypted ? encrypted : undefined)];
  }

  /** Tells a part whole, unless deltas have told it. */
  #summary(event: JsonObject, text: string | undefined): RunStep[] {
    const id = partId(event);
    const isTold = this.#told.has(id) || (this.#open.get(id)?.told ?? 0) > 0;
    return isTold ? [] : this.#reasoning(event, text);
  }

  #callBegins(item: JsonObject): RunStep[] {
    const key = textAt(item, 'id') ?? textAt(item, 'call_id') ?? '';
    const call = {
      id: textAt(item, 'call_id') ?? key,
      name: textAt(item, 'name') ?? '',
      takesText: item.type === 'custom_tool_call',
    };
    if (this.#told.has(key)) return [];
    this.#hasCalls = true;
    this.#told.add(key);
    this.#open.set(key, { kind: 'call', item: key, ...call, told: 0 });
    return [{ kind: 'call-start', ...call }];
  }

  #call(event: JsonObject): RunStep[] {
    return this.#delta(textAt(event, 'item_id') ?? '', 'call-delta', textAt(event, 'delta'));
  }

  #callEnds(item: JsonObject): RunStep[] {
    const key = textAt(item, 'id') ?? textAt(item, 'call_id') ?? '';
    const part = this.#open.get(key);
    if (part === undefined) return [];
    const input = textAt(item, part.takesText ? 'input' : 'arguments') ?? '';
    const rest = part.told === 0 ? this.#delta(key, 'call-delta', input) : [];
    this.#open.delete(key);
    return [...rest, { kind: 'call-end', input, id: part.id, name: part.name, takesText: part.takesText }];
  }

  #begins(kind: OpenPart['kind'], event: JsonObject, id: string, steps: RunStep[]): RunStep[] {
    if (this.#open.has(id)) return [];
    const item = textAt(event, 'item_id') ?? '';
    this.#told.add(item);
    this.#open.set(id, { kind, id, item, name: '', takesText: false, told: 0 });
    return steps;
  }

  #delta(key: string, kind: 'text-delta' | 'reasoning-delta' | 'call-delta', text: string | undefined): RunStep[] {
    const part = this.#open.get(key);
    if (part === undefined || text === undefined || text === '') return [];
    part.told += text.length;
    return [{ kind, id: part.id, text }];
  }

  /** Ends the open parts of that kind, but for calls: one that breaks off is none. */
  #close(isMeant: (part: OpenPart) => boolean, encrypted?: string): RunStep[] {
    const parts = [...this.#open].filter(([, part]) => isMeant(part));
    for (const [key] of parts) {
      this.#open.delete(key);
      this.#told.add(key);
    }
    return parts.flatMap(([, { kind, id, item }], at): RunStep[] => {
      if (kind === 'text') return [{ kind: 'text-end', id }];
      const isLast = at === parts.length - 1;
      return kind === 'reasoning'
        ? [{ kind: 'reasoning-end', id, item, encrypted: isLast ? encrypted : undefined }]
        : [];
    });
  }

  #end(event: JsonObject): RunStep[] {
    const response = objectAt(event, 'response') ?? {};
    const usage = usageOf(response.usage);
    if (event.type === 'response.failed' && response.status !== 'cancelled') return this.#fail(event, usage);
    const parts = this.#close(() => true);
    this.#isOver = true;
    const isCancelled = event.type === 'response.cancelled' || response.status === 'cancelled';
    return [
      ...parts,
      isCancelled ? { kind: 'cancelled', usage } : { kind: 'end', finish: this.#finish(response), usage },
    ];
  }

  #finish(response: JsonObject): Finish {
    const reason = textAt(response, 'incomplete_details', 'reason');
    if (reason === 'max_output_tokens') return 'length';
    if (reason === 'content_filter') return 'content-filter';
    if (reason !== undefined) return 'other';
    if (this.#hasCalls) return 'tool-calls';
    return this.#hasRefusal ? 'content-filter' : 'stop';
  }

  /** Reads `response.failed`, and the event `error`, which has what is wrong in itself. */
  #fail(event: JsonObject, usage?: TokensUsed): RunStep[] {
    const error = objectAt(event, 'response', 'error') ?? objectAt(event, 'error') ?? event;
    const parts = this.#close(() => true);
    this.#isOver = true;
    const message = textAt(error, 'message') ?? 'the answer failed';
    return [...parts, { kind: 'failed', message, code: textAt(error, 'code'), usage }];
  }
}

const isCall = ({ type }: JsonObject): boolean => type === 'function_call' || type === 'custom_tool_call';

/** `web_search` for a `web_search_call`; undefined for items that are no calls of hosted tools. */
const hostedName = ({ type }: JsonObject): string | undefined =>
  typeof type === 'string' && type.endsWith('_call') ? type.slice(0, -'_call'.length) : undefined;

/** An id for a part: that of its item, and its place in it. */
function partId(event: JsonObject): string {
  const { item_id: item, content_index: content, summary_index: summary } = event;
  if (typeof summary === 'number') return `${item}:${summary}`;
  const isReasoning =
    event.type === 'response.reasoning_text.delta' || valueAt(event, ['part', 'type']) === 'reasoning_text';
  return `${item}:${isReasoning ? 'text:' : ''}${typeof content === 'number' ? content : 0}`;
}

function annotation(value: unknown): RunStep[] {
  if (!isObject(value)) return [];
  const [url, file] = [textAt(value, 'url'), textAt(value, 'file_id')];
  if (url !== undefined) return [{ kind: 'source', url, title: textAt(value, 'title') }];
  return file === undefined ? [] : [{ kind: 'document', file, name: textAt(value, 'filename') ?? file }];
}

function usageOf(usage: unknown): TokensUsed | undefined {
  if (!isObject(usage)) return undefined;
  const counts = {
    inputTokens: usage.input_tokens,
    outputTokens: usage.output_tokens,
    totalTokens: usage.total_tokens,
    cachedInputTokens: valueAt(usage, ['input_tokens_details', 'cached_tokens']),
    reasoningTokens: valueAt(usage, ['output_tokens_details', 'reasoning_tokens']),
  };
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => typeof count === 'number'));
}
