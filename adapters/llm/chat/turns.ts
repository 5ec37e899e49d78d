// Brings a dialogue into the form that endpoints with alternating turns take: the user begins, neither side speaks twice in a row, no turn
// is empty, and the results of tools directly follow their calls.

import type { JsonObject } from '../../../codecs/json/object.ts';
import type { FunctionCall } from './tools.ts';

/** The end of what a provider is to cache, as clients of Anthropic's form, and of OpenRouter, write it: `{ type: ephemeral }`. */
export interface CacheMark {
  readonly cacheControl?: JsonObject | undefined;
}

export type ContentPart =
  | ({ readonly kind: 'text'; readonly text: string } & CacheMark)
  | ({ readonly kind: 'image'; readonly image: ImageSource } & CacheMark)
  | ({ readonly kind: 'file'; readonly file: FileSource } & CacheMark)
  /** Reasoning of the assistant that the target gave before. */
  | { readonly kind: 'reasoning'; readonly details: readonly JsonObject[] }
  | { readonly kind: 'call'; readonly call: FunctionCall }
  /** The result of a tool. `name`: the function that was called. */
  | { readonly kind: 'result'; readonly id: string; readonly name: string; readonly text: string };

/** An image as base64, or by its URL. */
export type ImageSource =
  | { readonly mediaType: string; readonly data: string }
  | { readonly mediaType: undefined; readonly url: string };

/** A file or a recording as base64. */
export interface FileSource {
  readonly mediaType: string;
  readonly data: string;
  readonly name: string | undefined;
}

export interface ChatTurn {
  readonly role: 'user' | 'assistant';
  readonly parts: readonly ContentPart[];
}

/** Words that stand where a dialogue has nothing, and the form wants something. */
const NEUTRAL = {
  begin: '(The conversation begins.)',
  goOn: '(Go on.)',
  noResult: '(There is no result.)',
} as const;

/** Collects what was said, message by message. */
export class TurnCollector {
  readonly #turns: { role: ChatTurn['role']; parts: ContentPart[] }[] = [];
  /** The calls so far, with what each gave back. */
  readonly #calls: { readonly given: string; readonly call: FunctionCall; result: string | undefined }[] = [];

  get lastRole(): ChatTurn['role'] | undefined {
    return this.#turns.findLast(({ parts }) => parts.length > 0)?.role;
  }

  /** Adds what one side says. Empty texts are no part. */
  say(role: ChatTurn['role'], parts: readonly ContentPart[]): void {
    const turn = this.#turnOf(role);
    for (const part of parts) {
      if (part.kind !== 'text' || part.text.trim() !== '') addPart(turn.parts, part, '\n\n');
    }
  }

  /** Adds calls of the assistant. Ids are made such that no endpoint refuses them. */
  call(calls: readonly FunctionCall[]): void {
    const turn = this.#turnOf('assistant');
    for (const call of calls) {
      const own = { ...call, id: this.#freeId(call.id) };
      this.#calls.push({ given: call.id, call: own, result: undefined });
      turn.parts.push({ kind: 'call', call: own });
    }
  }

  /** Adds the result of a tool. One without a call, as a cut history has it, is something that the user says. */
  result(id: string, text: string): void {
    const own = this.#calls.filter(({ given }) => given === id);
    const call = own.find(({ result }) => result === undefined) ?? own.at(-1);
    if (call === undefined) {
      this.say('user', [{ kind: 'text', text: `(A tool gave: ${text})` }]);
      return;
    }
    call.result = call.result === undefined ? text : `${call.result}\n${text}`;
    // Calls after this one are the assistant's next turn.
    this.#turnOf('user');
  }

  /** The turns in their form. `mayEndOpen`: the assistant's turn may be the last, for the model to continue it. */
  turns({ mayEndOpen }: { readonly mayEndOpen: boolean }): readonly ChatTurn[] {
    const turns = merged(this.#withResults());
    if (turns[0]?.role !== 'user') turns.unshift(userTurn(NEUTRAL.begin));
    const last = turns.at(-1) as ChatTurn;
    if (last.role === 'user') return turns;
    return mayEndOpen ? [...turns.slice(0, -1), withoutTrailingSpace(last)] : [...turns, userTurn(NEUTRAL.goOn)];
  }

  #turnOf(role: ChatTurn['role']) {
    const last = this.#turns.at(-1);
    if (last?.role === role) return last;
    const turn = { role, parts: [] };
    this.#turns.push(turn);
    return turn;
  }

  #freeId(id: string): string {
    const plain = id.replace(/[^\w-]/g, '_') || 'call';
    const isTaken = (name: string) => this.#calls.some(({ call }) => call.id === name);
    let free = plain;
    for (let count = 2; isTaken(free); count++) free = `${plain}_${count}`;
    return free;
  }

  /** Puts the results of a turn's calls in front of the next turn of the user, and the calls at the end of their own. */
  #withResults(): ChatTurn[] {
    const turns: ChatTurn[] = [];
    let results: ContentPart[] = [];
    for (const { role, parts } of this.#turns) {
      if (role === 'user') turns.push({ role, parts: [...results, ...parts] });
      else {
        if (results.length > 0) turns.push({ role: 'user', parts: results });
        turns.push({ role, parts: [...parts.filter((part) => !isCall(part)), ...parts.filter(isCall)] });
      }
      results = role === 'user' ? [] : parts.filter(isCall).map((part) => this.#resultOf(part.call));
    }
    return results.length === 0 ? turns : [...turns, { role: 'user', parts: results }];
  }

  #resultOf({ id, name }: FunctionCall): ContentPart {
    const text = this.#calls.find(({ call }) => call.id === id)?.result ?? NEUTRAL.noResult;
    return { kind: 'result', id, name, text };
  }
}

const isCall = (part: ContentPart): part is Extract<ContentPart, { kind: 'call' }> => part.kind === 'call';

const userTurn = (text: string): ChatTurn => ({ role: 'user', parts: [{ kind: 'text', text }] });

/** Leaves out empty turns, and joins those of one side that then follow each other. */
function merged(turns: readonly ChatTurn[]): ChatTurn[] {
  const kept: { role: ChatTurn['role']; parts: ContentPart[] }[] = [];
  for (const { role, parts } of turns) {
    if (parts.length === 0) continue;
    const last = kept.at(-1);
    if (last?.role === role) for (const part of parts) addPart(last.parts, part, '\n\n');
    else kept.push({ role, parts: [...parts] });
  }
  return kept;
}

/** Anthropic refuses an assistant's last turn that ends in a space. */
function withoutTrailingSpace({ role, parts }: ChatTurn): ChatTurn {
  const last = parts.at(-1);
  return last?.kind === 'text'
    ? { role, parts: [...parts.slice(0, -1), { ...last, text: last.text.trimEnd() }] }
    : { role, parts };
}

/** Adds a part behind the others. Adjacent texts are joined, unless what is to be cached ends between them. */
export function addPart(parts: ContentPart[], part: ContentPart, separator: string): void {
  const last = parts.at(-1);
  const areTexts = last?.kind === 'text' && part.kind === 'text' && last.cacheControl === undefined;
  if (areTexts) parts.splice(-1, 1, { ...part, text: last.text + separator + part.text });
  else parts.push(part);
}
