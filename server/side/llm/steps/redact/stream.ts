// Puts the words back into a streamed answer, in any form of clients: whole texts at once, and pieces (`delta`) as soon as they tell. Rule: no event
// is added, dropped or moved; those that hold a part of a placeholder wait, with all behind them, for the rest of it.

import { ServerSentEventReader } from '../../../../../adapters/llm/index.ts';
import { isObject, type JsonObject, parseJson } from '../../../../../codecs/json/object.ts';
import type { Placeholders } from './placeholders.ts';

/** More than any placeholder is split over, those of other answers between them included. */
const MOST_WAITING = 256;

interface Event {
  readonly raw: Buffer;
  readonly name?: string | undefined;
  /** Written in place of the bytes. */
  value?: JsonObject | undefined;
}

/** The text of one answer whose end may be the beginning of a placeholder. It will stand where its first piece stood. */
interface Unfinished {
  text: string;
  readonly isJson: boolean;
  readonly put: (text: string) => void;
}

interface Place {
  /** Name that the pieces of one text have in common. */
  readonly channel: string;
  readonly isPiece: boolean;
  readonly isJson: boolean;
}

interface RestoringOptions {
  readonly placeholders: Placeholders;
  /** Answers are JSON. */
  readonly isJson: boolean;
  readonly write: (bytes: Buffer) => void;
}

export class RestoringStream {
  readonly #options: RestoringOptions;
  readonly #events = new ServerSentEventReader(Number.POSITIVE_INFINITY);
  readonly #unfinished = new Map<string, Unfinished>();
  #waiting: Event[] = [];

  constructor(options: RestoringOptions) {
    this.#options = options;
  }

  push(bytes: Buffer): void {
    for (const { raw, name, data } of this.#events.push(bytes)) this.#take({ raw, name }, data);
  }

  /** Writes all that waits: nothing more comes. */
  end(): void {
    for (const { raw, name, data } of this.#events.end()) this.#take({ raw, name }, data);
    this.#release();
    this.#flush();
  }

  #take(event: Event, data: string | undefined): void {
    const isQuiet = this.#unfinished.size === 0 && data?.includes('[') !== true;
    const value = isQuiet || data === undefined ? undefined : parseJson(data);
    if (isObject(value)) this.#restore(event, value);
    else if (data !== undefined) this.#release();
    this.#waiting.push(event);
    if (this.#waiting.length > MOST_WAITING) this.#release();
    if (this.#unfinished.size === 0) this.#flush();
  }

  #restore(event: Event, value: JsonObject): void {
    let [hasPiece, isChanged] = [false, false];
    const type = typeof value.type === 'string' ? value.type : '';
    const parts = ['item_id', 'output_index', 'content_index', 'summary_index', 'index'].map((name) => value[name]);
    const channel = [type, ...parts].join(' ');
    const isJson = this.#options.isJson || type.includes('arguments');
    visitTexts(value, { channel, isPiece: false, isJson }, (text, place, put) => {
      hasPiece ||= place.isPiece;
      const restored = place.isPiece ? this.#piece(text, place, put) : this.#whole(text, place);
      if (restored === text) return;
      isChanged = true;
      put(restored);
    });
    if (!hasPiece && endsText(type, value)) this.#release();
    if (isChanged) event.value = value;
  }

  #whole(text: string, { isJson }: Place): string {
    return this.#options.placeholders.restore(text, isJson);
  }

  /** Returns the text that this piece has now. */
  #piece(text: string, { channel, isJson }: Place, put: (text: string) => void): string {
    const { placeholders } = this.#options;
    const before = this.#unfinished.get(channel);
    const joined = (before?.text ?? '') + text;
    if (placeholders.endsWithin(joined)) {
      if (before === undefined) this.#unfinished.set(channel, { text: joined, isJson, put });
      else before.text = joined;
      return '';
    }
    const restored = placeholders.restore(joined, isJson);
    if (before === undefined) return restored;
    before.put(restored);
    this.#unfinished.delete(channel);
    return '';
  }

  /** Takes what is there for the whole. */
  #release(): void {
    for (const { text, isJson, put } of this.#unfinished.values())
      put(this.#options.placeholders.restore(text, isJson));
    this.#unfinished.clear();
  }

  #flush(): void {
    for (const { raw, name, value } of this.#waiting)
      this.#options.write(value === undefined ? raw : Buffer.from(eventText(name, value)));
    this.#waiting = [];
  }
}

/** Tells whether no more pieces of a text come. Chunks without a choice, or with an empty one, may stand between two pieces. */
function endsText(type: string, { choices }: JsonObject): boolean {
  if (type !== '') return /(\.(done|completed|failed|incomplete)|_stop|^message_delta|^error)$/.test(type);
  return (
    !Array.isArray(choices) || choices.some((choice) => isObject(choice) && (choice.finish_reason ?? null) !== null)
  );
}

const eventText = (name: string | undefined, value: JsonObject): string =>
  `${name === undefined ? '' : `event: ${name}\n`}data: ${JSON.stringify(value)}\n\n`;

/** Fields whose text is JSON. */
const JSON_FIELDS = ['arguments', 'partial_json'];

type Visit = (text: string, place: Place, put: (text: string) => void) => void;

/** Visits the texts of a value, which may be replaced in their places. Elements of lists are known by their `index`, where they have one. */
export function visitTexts(value: object, place: Place, visit: Visit): void {
  for (const [name, inner] of Object.entries(value)) {
    const index = isObject(inner) && typeof inner.index === 'number' ? inner.index : '';
    const below: Place = {
      channel: `${place.channel}.${Array.isArray(value) ? index : name}`,
      isPiece: place.isPiece || name === 'delta',
      isJson: place.isJson || JSON_FIELDS.includes(name),
    };
    if (typeof inner === 'string')
      visit(inner, below, (text) => {
        (value as Record<string, unknown>)[name] = text;
      });
    else if (typeof inner === 'object' && inner !== null) visitTexts(inner, below, visit);
  }
}
