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
const ENDS = ['completed', 'incomplete', 'failed', 'cancelled'];

/** Quotes within a text of JSON are escaped, so that this is no part of one. */
const SEQUENCES = /"sequence_number"\s*:\s*(\d+)?/g;

const MAX_ITEMS = 10_000;

export class RunEventReader {
  readonly #own: OwnFields;
  /** Events were bounded when they were read, and the last one of a long answer has all of it. */
  readonly #events = new ServerSentEventReader(Number.POSITIVE_INFINITY);
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

  /** Leaves out what is no event: without a type, or the end of an answer without the answer. */
  #read(name: string | undefined, data: string): RunEvent | undefined {
    // A line of its own is one event in the store.
    const line = data.includes('\n') ? data.replaceAll('\n', ' ') : data;
    const own = typeOfEvent(line);
    // Some endpoints name all their events alike.
    const type = own ?? name;
    if (type === undefined || /[\r\n]/.test(type)) return undefined;
    const sequence = this.#next;
    if (WITH_RESPONSE.test(type)) return this.#readResponse(type, objectIn(line));
    const fields = own === undefined || !isNumbered(line, sequence) ? objectIn(line) : 'as it is';
    if (fields === undefined) return undefined;
    if (type === 'response.output_item.done') this.#keepItem(line);
    this.#next += 1;
    return {
      sequence,
      type,
      data: fields === 'as it is' ? line : JSON.stringify({ ...fields, type, sequence_number: sequence }),
    };
  }

  #readResponse(type: string, event: JsonObject | undefined): RunEvent | undefined {
    if (!isObject(event?.response)) return undefined;
    const sequence = this.#next;
    this.#next += 1;
    this.#hasEnded = LAST.test(type);
    const response = withOwnFields(this.#hasEnded ? withEnd(type, event.response) : event.response, this.#own);
    this.#response = response;
    return { sequence, type, data: JSON.stringify({ ...event, type, sequence_number: sequence, response }) };
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

/** The type in the data of an event, which a very long one hides from the quick reader. */
export const typeOfEvent = (data: string): string | undefined =>
  eventType(Buffer.from(data)) ?? textAt(objectIn(data), 'type');

/** The number stands once in most events. Where it stands for something else too, the event is written anew. */
function isNumbered(data: string, sequence: number): boolean {
  const [first, second] = data.matchAll(SEQUENCES);
  return first?.[1] === String(sequence) && second === undefined;
}

/** An answer that has ended says how: what its event says, where its status does not. */
const withEnd = (type: string, response: JsonObject): JsonObject =>
  ENDS.includes(String(response.status)) ? response : { ...response, status: type.slice('response.'.length) };
