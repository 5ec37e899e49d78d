// Cuts a stream of bytes into server-sent events (WHATWG HTML, section 9.2.6), wherever the network has cut it.

import { LlmFailure } from './contract.ts';

export interface ServerSentEvent {
  /** The bytes as they came, the empty line at the end included. */
  readonly raw: Buffer;
  /** The `event` field; '' where there is none. */
  readonly name: string;
  /** The `data` fields, joined; undefined for a comment. */
  readonly data: string | undefined;
}

/** The largest event that is read; one with an image in it would be larger than any text. */
export const MAX_EVENT_BYTES = 4 * 1024 * 1024;

const LF = 10;
const CR = 13;

/** Gives the complete events of each chunk; the rest waits for the next one. Throws an LlmFailure when an event is too large. */
export function createSseReader(maxBytes = MAX_EVENT_BYTES) {
  let held: Buffer = Buffer.alloc(0);
  /** Up to here `held` has no end of an event. */
  let looked = 0;

  function push(chunk: Buffer): ServerSentEvent[] {
    const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    const events: ServerSentEvent[] = [];
    let from = 0;
    for (let end = endOfEvent(bytes, looked); end > 0; end = endOfEvent(bytes, from)) {
      events.push(read(bytes.subarray(from, end)));
      from = end;
    }
    held = bytes.subarray(from);
    if (held.length > maxBytes) throw new LlmFailure('garbled', `an event of more than ${maxBytes} bytes`);
    // An end may lie across two chunks: LF CR LF at the most.
    looked = Math.max(0, held.length - 3);
    return events;
  }

  /** What a stream has left at its end; some leave out the last empty line. */
  function end(): ServerSentEvent[] {
    const rest = held;
    held = Buffer.alloc(0);
    return rest.length === 0 ? [] : [read(rest)];
  }
  return { push, end };
}

/** Behind the first empty line from there on; 0 when there is none. */
function endOfEvent(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(LF, from); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at + 1] === LF) return at + 2;
    if (bytes[at + 1] === CR && bytes[at + 2] === LF) return at + 3;
  }
  return 0;
}

function read(raw: Buffer): ServerSentEvent {
  let name = '';
  let data: string | undefined;
  for (const line of raw.toString().split(/\r?\n/)) {
    const [, field, value = ''] = /^(event|data)(?::\s?(.*))?$/s.exec(line) ?? [];
    if (field === 'event') name = value;
    if (field === 'data') data = data === undefined ? value : `${data}\n${value}`;
  }
  return { raw, name, data };
}

/** An event of a stream of chat completions. */
export const sseEvent = (data: object | string): Buffer =>
  Buffer.from(`data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`);
