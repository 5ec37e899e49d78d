// Takes the words that rules find out of a call: out of its messages, its other fields and the body of its client, in texts, in JSON within texts, in
// keys and in numbers. Rule: a call with a part whose words cannot be read goes on only where the class says so.

import type { LlmCall, NativeCall } from '../../../../../adapters/llm/contract.ts';
import { isObject, type JsonObject, parseJson } from '../../../../../codecs/json/object.ts';
import { marksIn, Placeholders } from './placeholders.ts';
import type { WordRules } from './rules.ts';

interface RedactedCall {
  readonly llm: LlmCall;
  readonly placeholders: Placeholders;
  /** Numbers of places, by their kind. */
  readonly counts: Readonly<Record<string, number>>;
}

/** A part that cannot be read. `param`: its place in the request. */
export class UnreadablePart extends Error {
  readonly param: string;
  constructor(param: string, what: string) {
    super(`${param}: the words of ${what} cannot be read here`);
    this.param = param;
  }
}

/** @throws UnreadablePart unless `mayPass`. */
export function redactCall(llm: LlmCall, rules: WordRules, mayPass: boolean): RedactedCall {
  const first = new Redaction(rules, mayPass);
  const call = first.call(llm);
  if (!first.marks.has('')) return { llm: call, placeholders: first.placeholders, counts: first.counts };
  // The client wrote what looks like a placeholder: those of this call get another form.
  const second = new Redaction(rules, mayPass, first.marks);
  return { llm: second.call(llm), placeholders: second.placeholders, counts: second.counts };
}

/** Fields of a conversation, which grows at its end: the words of all others are numbered before. */
const CONVERSATION = ['messages', 'input'];
/** Objects whose keys and values are the app's own, not those of a protocol. */
const FREE = ['metadata', 'input', 'arguments', 'properties', 'headers', 'variables'];
/** Fields that an endpoint sealed: other bytes would be refused, and nothing but what it was sent is in them. */
const SEALED = ['encrypted_content', 'signature', 'thought_signature', 'data'];
const BASE64 = /^[\w+/=-]{64,}$/;
const DATA_URL = /^data:[\w/+.;=-]{0,200};base64,[\w+/=-]*$/;
const PROTOCOL_WORD = /^[a-z][a-z0-9_.]*$/i;
/** A string or a number; the string as it is read in one pass. */
const JSON_TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/gs;
const ESCAPED_STRING = /"[^"\\\n]*(?:\\.[^"\\\n]*)+"/g;
/** Numbers of fewer digits are no words of any kind. */
const LEAST_DIGITS = 6;

/** Types of parts without words that can be read, in the forms of clients. */
const UNREADABLE: Readonly<Record<string, string>> = {
  image_url: 'images',
  input_image: 'images',
  image: 'images',
  computer_screenshot: 'images',
  image_generation_call: 'images',
  input_audio: 'audio',
  audio: 'audio',
  video_url: 'videos',
  input_video: 'videos',
  file: 'files',
  input_file: 'files',
  container_upload: 'files',
};

class Redaction {
  readonly placeholders: Placeholders;
  readonly counts: Record<string, number> = {};
  /** Marks of placeholders that stand in the call already. */
  readonly marks = new Set<string>();
  readonly #rules: WordRules;
  readonly #mayPass: boolean;
  #isCounting = true;

  constructor(rules: WordRules, mayPass: boolean, taken?: ReadonlySet<string>) {
    this.#rules = rules;
    this.#mayPass = mayPass;
    this.placeholders = new Placeholders(rules.names, taken);
  }

  call(llm: LlmCall): LlmCall {
    const native = llm.native && this.#native(llm.native);
    // The rest of a call that came in another form says the same again.
    this.#isCounting = native === undefined;
    const extra = this.#object(llm.extra, '', false);
    const schema = llm.schema && {
      name: this.#text(llm.schema.name),
      schema: this.#object(llm.schema.schema, 'schema', true),
    };
    const messages = llm.messages.map((message, index) => this.#object(message, `messages[${index}]`, false));
    return { ...llm, extra, schema, messages, native };
  }

  #native(native: NativeCall): NativeCall {
    const { form, body } = native;
    if (form === 'embeddings' && isTokens(body.input) && !this.#mayPass) throw new UnreadablePart('input', 'tokens');
    return { ...native, body: this.#object(body, '', false) };
  }

  #value(value: unknown, at: string, isFree: boolean): unknown {
    if (typeof value === 'string') return this.#text(value);
    if (typeof value === 'number') return isFree ? this.#number(value) : value;
    if (Array.isArray(value)) return value.map((one, index) => this.#value(one, `${at}[${index}]`, isFree));
    return isObject(value) ? this.#object(value, at, isFree) : value;
  }

  #object(object: JsonObject, at: string, isFree: boolean): JsonObject {
    if (!isFree) this.#check(object, at);
    const names = Object.keys(object);
    const later = at === '' ? names.filter((name) => CONVERSATION.includes(name)) : [];
    const done = new Map<string, unknown>();
    for (const name of [...names.filter((one) => !later.includes(one)), ...later]) {
      const value = object[name];
      const below = at === '' ? name : `${at}.${name}`;
      const inner = isFree || (at !== '' || name === 'metadata' ? FREE.includes(name) && isObject(value) : false);
      done.set(name, !isFree && isKept(name, value) ? value : this.#value(value, below, inner));
    }
    const key = (name: string) => (isFree || !PROTOCOL_WORD.test(name) ? this.#text(name) : name);
    return Object.fromEntries(names.map((name) => [key(name), done.get(name)]));
  }

  #check({ type, source }: JsonObject, at: string): void {
    if (this.#mayPass || typeof type !== 'string') return;
    // A document may hold its text.
    const isText = isObject(source) && (source.type === 'text' || source.type === 'content');
    const what =
      type === 'document' && !isText ? 'files' : Object.hasOwn(UNREADABLE, type) ? UNREADABLE[type] : undefined;
    if (what !== undefined) throw new UnreadablePart(at, what);
  }

  #number(value: number): unknown {
    const text = String(value);
    if (text.length < LEAST_DIGITS) return value;
    const replaced = this.#plain(text);
    return replaced === text ? value : replaced;
  }

  #text(text: string): string {
    for (const mark of marksIn(text, this.#rules.names)) this.marks.add(mark);
    if (DATA_URL.test(text)) return text;
    // Words in JSON may be written with escapes.
    const json = /^\s*[[{]/.test(text) ? parseJson(text) : undefined;
    if (typeof json !== 'object' || json === null) return this.#plain(this.#unescaped(text));
    return this.#plain(text.replace(JSON_TOKEN, (token) => this.#token(token)));
  }

  /** A string or a number of a JSON text. One without a word keeps its bytes: a number may have more digits than can be read. */
  #token(token: string): string {
    if (!token.startsWith('"')) return token.length < LEAST_DIGITS ? token : quotedUnless(token, this.#plain(token));
    const value = parseJson(token);
    return typeof value === 'string' ? quotedUnless(value, this.#text(value), token) : token;
  }

  /** The strings with escapes in a text that is no JSON as a whole: lines of JSON, or words before it. */
  #unescaped(text: string): string {
    return text.includes('\\u') ? text.replace(ESCAPED_STRING, (token) => this.#token(token)) : text;
  }

  /** Leaves what was replaced before. */
  #plain(text: string): string {
    const words = this.#rules.find(text);
    if (words.length === 0) return text;
    const places = this.placeholders.placesIn(text);
    let [written, end] = ['', 0];
    for (const { from, to, kind } of words) {
      if (places.some((place) => from < place.to && to > place.from)) continue;
      written += text.slice(end, from) + this.placeholders.for(kind, text.slice(from, to));
      end = to;
      if (this.#isCounting) this.counts[kind] = (this.counts[kind] ?? 0) + 1;
    }
    return written + text.slice(end);
  }
}

/** Writes what was replaced as a string of JSON; `token` where nothing was. */
const quotedUnless = (before: string, after: string, token = before): string =>
  after === before ? token : JSON.stringify(after);

/** Words of a protocol, and what is sealed. */
const isKept = (name: string, value: unknown): boolean =>
  typeof value === 'string' &&
  (name === 'type' || name === 'role' ? PROTOCOL_WORD.test(value) : SEALED.includes(name) && BASE64.test(value));

/** Embeddings take tokens, or lists of them. */
const isTokens = (input: unknown): boolean =>
  Array.isArray(input) && input.some((one) => typeof one === 'number' || Array.isArray(one));
