// Every frame of the session, bounded in memory. Audio is left out when a frame is recorded, unless asked for,
// and what is dropped first is audio: it is 25 frames a second and says little.

import { type Message, objectOf } from '../dialects/dialect.ts';
import type { WireFrame } from '../session/connection.ts';

export interface LogEntry {
  readonly seq: number;
  /** Milliseconds since the log was started. */
  readonly atMs: number;
  readonly direction: WireFrame['direction'];
  readonly type: string;
  readonly bytes: number;
  readonly binary: boolean;
  readonly audio: boolean;
  /** JSON text, its audio elided unless it was kept. */
  readonly text: string;
}

export interface LogFilter {
  readonly text: string;
  readonly direction: 'both' | WireFrame['direction'];
  readonly audio: boolean;
}

export interface LogLimits {
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

  record(frame: WireFrame, message: Message | undefined): void {
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

  /** In the order of the wire. */
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

/** One JSON object per line: `{ at, direction, type, bytes, frame }`. */
export function toJsonl(entries: readonly LogEntry[]): string {
  return entries.map((entry) => `${JSON.stringify(lineOf(entry))}\n`).join('');
}

function lineOf({ atMs, direction, type, bytes, text }: LogEntry): Record<string, unknown> {
  return { atMs: Math.round(atMs * 1000) / 1000, direction, type, bytes, frame: parseOrText(text) };
}

/** For reading: indented where it is JSON. */
export function toPretty(text: string): string {
  const value = parseOrText(text);
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
}

function parseOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The event's type; of a message without one, its keys: `serverContent.modelTurn + usageMetadata`. */
export function typeOf(message: Message): string {
  if (typeof message.type === 'string') return message.type;
  const keys = Object.entries(message).flatMap(([key, value]) => {
    if (key !== 'serverContent' && key !== 'realtimeInput') return [key];
    const inner = Object.keys(objectOf(value));
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

/** A copy in which long base64 strings are replaced by their length. */
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
  // Trimmed in steps, so that a full log does not move its entries with every frame.
  if (list.length > max + Math.ceil(max / 10)) list.splice(0, list.length - max);
}
