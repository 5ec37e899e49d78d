// Log of every frame of the session, bounded in memory. Audio is left out when a frame is recorded, unless asked for,
// and audio frames are dropped first: there are 25 of them a second, and they say little.

import { parseJson } from '../../../codecs/json-object.ts';
import { objectOrEmpty } from '../api/loose-json.ts';
import type { DialectMessage } from '../dialects/dialect.ts';
import type { LoggedFrame } from '../session/connection.ts';

export interface LogEntry {
  readonly seq: number;
  /** Milliseconds since the log was started. */
  readonly atMs: number;
  readonly direction: LoggedFrame['direction'];
  readonly type: string;
  readonly bytes: number;
  readonly binary: boolean;
  readonly audio: boolean;
  /** JSON text, without its audio unless that was kept. */
  readonly text: string;
}

export interface LogFilter {
  readonly text: string;
  readonly direction: 'both' | LoggedFrame['direction'];
  readonly audio: boolean;
}

interface LogLimits {
  readonly maxEvents: number;
  readonly maxAudio: number;
}

export class EventLog {
  keepAudio = false;
  #events: LogEntry[] = [];
  #audio: LogEntry[] = [];
  #seq = 0;
  #startedAt: number | undefined;
  readonly #limits: LogLimits;

  constructor(limits: LogLimits = { maxEvents: 5000, maxAudio: 1000 }) {
    this.#limits = limits;
  }

  get total(): number {
    return this.#seq;
  }

  record(frame: LoggedFrame, message: DialectMessage | undefined): void {
    this.#startedAt ??= frame.at;
    this.#seq += 1;
    const type = message === undefined ? 'not JSON' : typeOf(message);
    const audio = isAudio(type);
    const entry: LogEntry = {
      seq: this.#seq,
      atMs: frame.at - this.#startedAt,
      direction: frame.direction,
      type,
      bytes: frame.bytes,
      binary: frame.binary,
      audio,
      text: this.keepAudio || message === undefined ? frame.text : JSON.stringify(elideAudio(message)),
    };
    if (audio) push(this.#audio, entry, this.#limits.maxAudio);
    else push(this.#events, entry, this.#limits.maxEvents);
  }

  clear(): void {
    this.#events = [];
    this.#audio = [];
    this.#seq = 0;
    this.#startedAt = undefined;
  }

  /** Entries that match, in the order of the wire. */
  select(filter: LogFilter): LogEntry[] {
    const wanted = filter.text.trim().toLowerCase();
    const matches = (entry: LogEntry) =>
      (filter.direction === 'both' || entry.direction === filter.direction) &&
      (wanted === '' || entry.type.toLowerCase().includes(wanted) || entry.text.toLowerCase().includes(wanted));
    const events = this.#events.filter(matches);
    if (!filter.audio) return events;
    return [...events, ...this.#audio.filter(matches)].sort((a, b) => a.seq - b.seq);
  }
}

/** Writes one JSON object per line: `{ atMs, direction, type, bytes, frame }`. */
export function toJsonl(entries: readonly LogEntry[]): string {
  return entries.map((entry) => `${JSON.stringify(lineOf(entry))}\n`).join('');
}

function lineOf({ atMs, direction, type, bytes, text }: LogEntry): Record<string, unknown> {
  return { atMs: Math.round(atMs * 1000) / 1000, direction, type, bytes, frame: parseOrText(text) };
}

/** Indents JSON for reading; other text stays as it is. */
export function toPretty(text: string): string {
  const value = parseOrText(text);
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
}

function parseOrText(text: string): unknown {
  const value = parseJson(text);
  return value === undefined ? text : value;
}

/** Type of an event; for a message without one its keys: `serverContent.modelTurn + usageMetadata`. */
export function typeOf(message: DialectMessage): string {
  if (typeof message.type === 'string') return message.type;
  const keys = Object.entries(message).flatMap(([key, value]) => {
    if (key !== 'serverContent' && key !== 'realtimeInput') return [key];
    const inner = Object.keys(objectOrEmpty(value));
    return inner.length === 0 ? [key] : inner.map((name) => `${key}.${name}`);
  });
  return keys.join(' + ') || 'empty object';
}

const audioTypes = new Set([
  'input_audio_buffer.append',
  'response.output_audio.delta',
  'realtimeInput.audio',
  'serverContent.modelTurn',
]);

function isAudio(type: string): boolean {
  return audioTypes.has(type);
}

const audioKeys = new Set(['audio', 'delta', 'data']);

/** Copies a value, with long base64 strings replaced by their length. */
export function elideAudio(value: unknown, key = ''): unknown {
  if (typeof value === 'string') return isBase64Audio(value, key) ? `(${value.length} base64 characters)` : value;
  if (Array.isArray(value)) return value.map((item) => elideAudio(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, elideAudio(inner, name)]));
}

function isBase64Audio(text: string, key: string): boolean {
  return audioKeys.has(key) && text.length >= 64 && /^[A-Za-z0-9+/]+={0,2}$/.test(text);
}

function push(list: LogEntry[], entry: LogEntry, max: number): void {
  list.push(entry);
  // Entries are trimmed in steps, so that a full log does not move them with every frame.
  if (list.length > max + Math.ceil(max / 10)) list.splice(0, list.length - max);
}
