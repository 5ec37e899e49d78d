// Server-sent events (WHATWG HTML, section 9.2.6): cuts a byte stream into events, and writes events.

import { LlmFailure } from '../contract.ts';

export interface ServerSentEvent {
  /** The last field `event`; undefined where there is none. */
  readonly name: string | undefined;
  /** The received bytes, the empty line at the end included. */
  readonly raw: Buffer;
  /** The `data` fields, joined; undefined for a comment. */
  readonly data: string | undefined;
}

/** The largest event that is read. Events with images are larger than any with text. */
const MAX_EVENT_BYTES = 4 * 1024 * 1024;

const LEAST_ROOM_BYTES = 1024;
const LF = 10;
const CR = 13;
const EMPTY_LINE = Buffer.from('\n\n');
const BYTE_ORDER_MARK = Buffer.from('\ufeff');

export class ServerSentEventReader {
  readonly #maxBytes: number;
  /** The start of an event. It is in `#room` where it came in more than one piece. */
  #held: Buffer = Buffer.alloc(0);
  #room: Buffer = Buffer.alloc(0);
  /** Length of the start of `#held` that is known to hold no end of an event. */
  #searchedBytes = 0;
  #isFirst = true;

  constructor(maxBytes = MAX_EVENT_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** Returns the events that the chunk completes. @throws LlmFailure for an event that is too large. */
  push(chunk: Buffer): ServerSentEvent[] {
    const bytes = this.#held.length === 0 ? chunk : this.#joined(chunk);
    const events: ServerSentEvent[] = [];
    let from = 0;
    for (let end = endOfEvent(bytes, this.#searchedBytes); end > 0; end = endOfEvent(bytes, from)) {
      events.push(this.#read(bytes.subarray(from, end)));
      from = end;
    }
    this.#held = bytes.subarray(from);
    // Events that were cut out of it are in use.
    if (from > 0) this.#room = Buffer.alloc(0);
    if (this.#held.length > this.#maxBytes)
      throw new LlmFailure('garbled', `an event of more than ${this.#maxBytes} bytes`, { isOurs: true });
    // An end of at most LF CR LF may lie across two chunks.
    this.#searchedBytes = Math.max(0, this.#held.length - 3);
    return events;
  }

  /** Returns the last event of a stream that ends without the empty line, with that line: clients drop an event without one. */
  end(): ServerSentEvent[] {
    const rest = this.#held;
    this.#held = Buffer.alloc(0);
    return rest.length === 0 ? [] : [this.#read(Buffer.concat([rest, EMPTY_LINE]))];
  }

  /** An event that comes in very small pieces is copied a few times, not once for each of them. */
  #joined(chunk: Buffer): Buffer {
    const length = this.#held.length + chunk.length;
    if (length > this.#room.length) {
      this.#room = Buffer.allocUnsafe(Math.max(2 * length, LEAST_ROOM_BYTES));
      this.#held.copy(this.#room);
    }
    chunk.copy(this.#room, this.#held.length);
    return this.#room.subarray(0, length);
  }

  /** Drops the mark that a stream may begin with (section 9.2.5). */
  #read(raw: Buffer): ServerSentEvent {
    const hasMark = this.#isFirst && raw.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK);
    this.#isFirst = false;
    return readEvent(hasMark ? raw.subarray(BYTE_ORDER_MARK.length) : raw);
  }
}

/** The index after the first empty line from `from` on; 0 when there is none. Lines end in LF, CR LF, or CR alone. */
function endOfEvent(bytes: Buffer, from: number): number {
  const byFeed = endByFeed(bytes, from);
  const event = bytes.subarray(from, byFeed === 0 ? bytes.length : byFeed);
  // Hardly any stream has one, and a byte is found sooner than a text.
  const returns = event.includes(CR) ? event.indexOf('\r\r') : -1;
  return returns < 0 ? byFeed : from + returns + 2;
}

function endByFeed(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(LF, from); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at + 1] === LF) return at + 2;
    if (bytes[at + 1] === CR && bytes[at + 2] === LF) return at + 3;
  }
  return 0;
}

function readEvent(raw: Buffer): ServerSentEvent {
  let [name, data]: [string | undefined, string | undefined] = [undefined, undefined];
  const text = raw.toString();
  for (const line of text.split(text.includes('\r') ? /\r\n|\n|\r/ : '\n')) {
    if (line.startsWith('data')) {
      const value = valueIn(line, 'data'.length);
      if (value !== undefined) data = data === undefined ? value : `${data}\n${value}`;
    } else if (line.startsWith('event')) name = valueIn(line, 'event'.length) ?? name;
  }
  return { name, raw, data };
}

/** The value of a line whose field has a name of that length; undefined where the name is longer. */
function valueIn(line: string, length: number): string | undefined {
  if (line.length === length) return '';
  if (line[length] !== ':') return undefined;
  return line.slice(line[length + 1] === ' ' ? length + 2 : length + 1);
}

/** Writes an event with only `data`. */
export const sseEvent = (data: object | string): Buffer =>
  Buffer.from(`data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`);
