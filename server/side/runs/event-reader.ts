// Reads the events of a log out of the stream of an answer. Rule: an event stays as it came, byte for byte, but for a response in it, which gets
// the id of the gateway, and for a sequence that is not that of the log.

import { ServerSentEventReader } from '../../../adapters/llm/index.ts';
import { eventType } from '../../../codecs/json/event-type.ts';
import { isObject, type JsonObject, parseJson, textAt } from '../../../codecs/json/object.ts';
import {
  brokenResponse,
  lastEventType,
  type OwnFields,
  type ResponseFault,
  responseEventData,
  withOwnFields,
} from './response-object.ts';
import type { RunEvent } from './run.ts';

/** Events that carry the whole response. */
const WITH_RESPONSE = /^response\.(created|queued|in_progress|completed|incomplete|failed)$/;
const LAST = /^response\.(completed|incomplete|failed)$/;

/** Quotes within a text of JSON are escaped, so that this is no part of one. */
const SEQUENCE = /"sequence_number":\s?(\d+)/;

const MAX_ITEMS = 10_000;

export class RunEventReader {
  readonly #own: OwnFields;
  readonly #events = new ServerSentEventReader();
  #next = 0;
  #response: JsonObject | undefined;
  /** Items that are whole, by their index. */
  readonly #output: JsonObject[] = [];
  #hasEnded = false;

  constructor(own: OwnFields) {
    this.#own = own;
  }

  /** The response as the last event with one had it, with the items that came whole since; undefined before the first. */
  get response(): JsonObject | undefined {
    if (this.#response === undefined || this.#hasEnded) return this.#response;
    return { ...this.#response, output: this.#output.filter((item) => item !== undefined) };
  }

  /** The event came that ends an answer. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Drops whatever comes behind the end of an answer. */
  push(bytes: Buffer): readonly RunEvent[] {
    const events: RunEvent[] = [];
    for (const { name, data } of this.#events.push(bytes)) {
      if (data === undefined || data === '[DONE]' || this.#hasEnded) continue;
      const event = this.#read(name, data);
      if (event !== undefined) events.push(event);
    }
    return events;
  }

  /** Returns the events that end a log which no endpoint ended: with the fault, or as cancelled. `unknown`: the response where none came. */
  end(fault: ResponseFault | undefined, unknown: JsonObject): readonly RunEvent[] {
    const events: RunEvent[] = [];
    const add = (type: string, response: JsonObject): void => {
      const sequence = this.#next;
      this.#next += 1;
      this.#response = response;
      events.push({ sequence, type, data: responseEventData(type, sequence, response) });
    };
    const { response } = this;
    if (response === undefined) add('response.created', unknown);
    const broken = brokenResponse(response ?? unknown, fault);
    add(lastEventType(broken), broken);
    this.#hasEnded = true;
    return events;
  }

  #read(name: string | undefined, data: string): RunEvent | undefined {
    // Some endpoints name all their events alike.
    const type = eventType(Buffer.from(data)) ?? typeOf(data) ?? name;
    if (type === undefined) return undefined;
    const sequence = this.#next;
    this.#next += 1;
    // A line of its own is one event in the store.
    const line = data.includes('\n') ? data.replaceAll('\n', ' ') : data;
    if (type === 'response.output_item.done') this.#keepItem(line);
    if (!WITH_RESPONSE.test(type)) return { sequence, type, data: numbered(line, sequence) };
    const event = objectIn(line);
    const response = isObject(event?.response) ? withOwnFields(event.response, this.#own) : undefined;
    if (response !== undefined) this.#response = response;
    this.#hasEnded = LAST.test(type);
    return {
      sequence,
      type,
      data: JSON.stringify({ ...event, type, sequence_number: sequence, ...(response && { response }) }),
    };
  }

  #keepItem(data: string): void {
    const { output_index: index, item } = objectIn(data) ?? {};
    if (typeof index === 'number' && index >= 0 && index < MAX_ITEMS && isObject(item)) this.#output[index] = item;
  }
}

function objectIn(data: string): JsonObject | undefined {
  const value = parseJson(data);
  return isObject(value) ? value : undefined;
}

const typeOf = (data: string): string | undefined => textAt(objectIn(data), 'type');

function numbered(data: string, sequence: number): string {
  if (SEQUENCE.exec(data)?.[1] === String(sequence)) return data;
  return JSON.stringify({ ...objectIn(data), sequence_number: sequence });
}
