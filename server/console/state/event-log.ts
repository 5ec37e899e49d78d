// Log of every frame of the session, bounded in memory. Audio is left out when a frame is recorded, unless asked for,
// and audio frames are dropped first: there are 25 of them a second, and they say little.

import { parseJson } from '../../../codecs/json/object.ts';
import { objectOrEmpty } from '../api/loose-json.ts';
import type { DialectMessage } from '../dialects/dialect.ts';
import type { LoggedFrame } from '../session/connection.ts';
import { EventTurns } from './event-turns.ts';

export interface LogEntry extends Omit<LoggedFrame, 'at'> {
  readonly seq: number;
  /** Milliseconds since the log was started. */
  readonly atMs: number;
  readonly type: string;
  /** The turn that it belongs to: see `EventTurns`. */
  readonly turn: number;
}

/** Entries of one type and direction that follow each other. */
export type EventRun = readonly [LogEntry, ...LogEntry[]];

/** Entries of one turn, folded. */
export interface TurnGroup {
  readonly turn: number;
  readonly runs: readonly EventRun[];
  readonly frames: number;
  readonly bytes: number;
  /** Time of the first one. */
  readonly atMs: number;
}

export interface LogFilter {
  readonly text: string;
  readonly direction: 'both' | LoggedFrame['direction'];
  readonly audio: boolean;
}

export class EventLog {
  keepAudio = false;
  total = 0;
  #events: LogEntry[] = [];
  #audio: LogEntry[] = [];
  #startedAt: number | undefined;
  #turns = new EventTurns();
  readonly #limits;

  constructor(limits = { maxEvents: 5000, maxAudio: 1000 }) {
    this.#limits = limits;
  }

  record({ at, ...frame }: LoggedFrame, message: DialectMessage | undefined): void {
    this.#startedAt ??= at;
    this.total += 1;
    const type = message === undefined ? 'not JSON' : typeOf(message);
    const text = this.keepAudio || message === undefined ? frame.text : JSON.stringify(elideAudio(message));
    const isAudio = audioTypes.has(type);
    const turn = this.#turns.turnOf(frame.direction, type, message ?? {});
    const list = isAudio ? this.#audio : this.#events;
    list.push({ ...frame, text, type, turn, seq: this.total, atMs: at - this.#startedAt });
    if (list.length > (isAudio ? this.#limits.maxAudio : this.#limits.maxEvents)) list.shift();
  }

  clear(): void {
    this.#events = [];
    this.#audio = [];
    this.total = 0;
    this.#startedAt = undefined;
    this.#turns = new EventTurns();
  }

  /** Entries that match, in the order of the wire. */
  select(filter: LogFilter): LogEntry[] {
    const wanted = filter.text.trim().toLowerCase();
    const entries = filter.audio ? [...this.#events, ...this.#audio].sort((a, b) => a.seq - b.seq) : this.#events;
    return entries.filter(
      ({ direction, type, text }) =>
        (filter.direction === 'both' || direction === filter.direction) &&
        (wanted === '' || type.toLowerCase().includes(wanted) || text.toLowerCase().includes(wanted)),
    );
  }
}

/** Groups neighbours of the same type and direction: a reply is hundreds of deltas. The first entry of a run names it. */
function foldRuns(entries: readonly LogEntry[]): readonly EventRun[] {
  const runs: [LogEntry, ...LogEntry[]][] = [];
  for (const entry of entries) {
    const last = runs.at(-1);
    if (last && last[0].type === entry.type && last[0].direction === entry.direction) last.push(entry);
    else runs.push([entry]);
  }
  return runs;
}

/** Puts the entries of each turn together, in runs. */
export function foldTurns(entries: readonly LogEntry[]): readonly TurnGroup[] {
  return [...Map.groupBy(entries, ({ turn }) => turn)].map(([turn, own]) => ({
    turn,
    runs: foldRuns(own),
    frames: own.length,
    bytes: own.reduce((sum, { bytes }) => sum + bytes, 0),
    atMs: own[0]?.atMs ?? 0,
  }));
}

/** Writes one JSON object per line: `{ atMs, direction, type, bytes, frame }`. */
export function toJsonl(entries: readonly LogEntry[]): string {
  const lines = entries.map(({ atMs, direction, type, bytes, text }) =>
    JSON.stringify({ atMs: Math.round(atMs * 1000) / 1000, direction, type, bytes, frame: parseOrText(text) }),
  );
  return lines.map((line) => `${line}\n`).join('');
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
