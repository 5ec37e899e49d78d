// Goes on with a transcription at another socket: its settings are told again, and the sound of which the provider had told no final words is said
// again. The times that the next socket tells count from the beginning of the session, as the client knows them.

import { isObject, type JsonObject, readObject } from '../../../codecs/json/object.ts';
import { type Frame, jsonFrame, type OutFrame } from '../../../codecs/websocket/frame.ts';
import {
  type FollowedSession,
  type FollowOptions,
  isFinalClose,
  type Move,
  type Resumption,
  withUnanswered,
} from '../contract/resumption.ts';
import { UnheardSound } from './unheard-sound.ts';

/** The meaning of a client's message: sound, of so many bytes, which may ask for something as well; or one of these. Left out: it is of its moment alone. */
export type Said =
  | { readonly sound: number; readonly isMark?: boolean }
  /** It begins every socket. */
  | 'opening'
  /** It changes settings. */
  | 'setting'
  /** It asks for something about the sound before it. */
  | 'mark'
  /** It ends the sound. */
  | 'end';

/** The meaning of a provider's message. */
export interface Told {
  /** Set for the first message of a socket, of which the client gets one. */
  readonly isFirst?: boolean;
  /** The time of the socket's sound up to which no words come any more (seconds). */
  readonly finalTo?: number | undefined;
  /** Tells whether somebody speaks, where it says that. */
  readonly isSpeech?: boolean | undefined;
  /** Set where it does nothing but tell that somebody speaks. */
  readonly isStart?: boolean;
  /** Set for the last message behind the end of the sound. */
  readonly isLast?: boolean;
  /** Set for an error that ends the socket: `here`, where another socket would do better, so that the client does not get it. */
  readonly error?: 'here' | 'everywhere';
  /** Time at which the provider ends the socket (ms since the epoch). */
  readonly endsAt?: number | undefined;
  /** The provider's own id of its session, where it says that. */
  readonly session?: unknown;
}

/** The part of the session that was before the socket. */
interface Before {
  /** Time of the session's sound at which that of the socket begins. */
  readonly seconds: number;
  /** Time for which former sockets were open (seconds). */
  readonly openSeconds: number;
  /** Messages of sound that the socket was not sent. */
  readonly messages: number;
}

/** Places in the socket's sound, in seconds: the end of what it was sent, and that of the oldest request that waits for its answer. */
interface HeardSoFar {
  readonly sent: number;
  readonly mark: number | undefined;
}

/** A pause that ends a turn is at least as long: sound of that time before the end is said again, since a next turn may have begun in it. */
export const PAUSE_SECONDS = 0.5;

/** Reads one session in a dialect. */
export interface TranscriptReader {
  /** Bytes in a second of the client's sound; 0 or undefined: not known, and the session ends with its provider. It may become known with the opening. */
  readonly bytesPerSecond: number | undefined;
  /** Set where a socket must have said its first message before it is sent sound; that is so for the client, too. */
  readonly isAnswered?: boolean;
  /** Set where the provider has a first message. */
  readonly hasFirst?: boolean;
  /** Set where `finalTo` comes for silence, too. */
  readonly isSilenceTold?: boolean;
  /** Names of members that are times, wherever they stand, and how many of their units are a second. */
  readonly times: { readonly names: ReadonlySet<string>; readonly perSecond: number };
  said(frame: Frame): Said | undefined;
  /** Reads a message before anything in it is changed. */
  told(event: JsonObject, heard: HeardSoFar): Told;
  /** Returns a message of a later socket with what is not a time as the client would know it; undefined: it knows that already. */
  later?(event: JsonObject, before: Before): JsonObject | undefined;
  /** Returns the end of the sound as a later socket takes it. */
  ending?(event: JsonObject, messages: number): JsonObject;
  /** Turns to another socket. */
  moved?(): void;
  /** Tells whether the session goes on after a close of the provider: see `FollowedSession`. Left out: by what such closes usually mean. */
  goesOnAfter?(code: number, reason: string): boolean;
}

/** Closes by which a provider ends what its client has ended. */
const isEnd = (code: number): boolean => code === 1000 || code === 1001 || code === 1005;

export const transcriptionResumption = (
  read: (options: Pick<FollowOptions, 'soundIn'>) => TranscriptReader,
): Resumption => ({ follow: (options) => new FollowedTranscription(read(options), options.first) });

class FollowedTranscription implements FollowedSession {
  isOpening = false;
  isLeaving = false;
  endsAt: number | undefined;
  providerSession: string | undefined;
  readonly #reader: TranscriptReader;
  readonly #first: readonly OutFrame[];
  readonly #unheard: UnheardSound;
  #opening: OutFrame | undefined;
  #settings: { readonly frame: OutFrame }[] = [];
  #end: OutFrame | undefined;
  #isBegun: boolean;
  #isOver = false;
  #legs = 1;
  /** Set at the beginning of a socket that is told again what the client knows to be said. */
  #isSpeechKnown = false;
  #socketSince: number | undefined;
  #openMs = 0;

  constructor(reader: TranscriptReader, first: readonly OutFrame[]) {
    this.#reader = reader;
    this.#first = first;
    this.#isBegun = reader.hasFirst !== true;
    this.#unheard = new UnheardSound(reader.isSilenceTold === true);
  }

  get isEstablished(): boolean {
    return this.#isBegun && this.#bytesPerSecond > 0;
  }

  get isBetweenTurns(): boolean {
    return !this.#unheard.isSpeech && !this.#unheard.hasMarks && this.#end === undefined;
  }

  goesOnAfter(code: number, reason: string): boolean {
    if (this.#isOver || (this.#end !== undefined && isEnd(code))) return false;
    return this.isLeaving || (this.#reader.goesOnAfter?.(code, reason) ?? !isFinalClose(code));
  }

  fromClient(frame: Frame): OutFrame | undefined {
    const said = this.#reader.said(frame);
    const kept = { data: frame.data, binary: frame.binary };
    if (said === undefined) return undefined;
    if (typeof said === 'object') this.#unheard.add(frame, said, this.#bytesPerSecond);
    else if (said === 'mark') this.#unheard.add(frame, { sound: 0, isMark: true }, this.#bytesPerSecond);
    else if (said === 'opening') this.#opening = copied(kept);
    else if (said === 'setting') this.#settings = withUnanswered(this.#settings, { frame: copied(kept) });
    else {
      this.#end = copied(kept);
      if (this.#legs > 1) return this.#ending(this.#end);
    }
    return undefined;
  }

  fromProvider(frame: Frame): OutFrame | 'nothing' | undefined {
    const event = readObject(frame.data);
    if (event === undefined) return undefined;
    this.#socketSince ??= frame.at;
    const told = this.#reader.told(event, this.#unheard.places(this.#bytesPerSecond));
    if (typeof told.session === 'string') this.providerSession = told.session;
    if (told.isFirst) return this.#begin(told);
    if (told.error !== undefined) return this.#failed(told.error);
    if (told.isLast && this.#end !== undefined) this.#isOver = true;
    const isKnown = this.#isSpeechKnown && told.isStart === true;
    if (told.isSpeech !== undefined) this.#unheard.isSpeech = told.isSpeech;
    if (told.isSpeech === false || isKnown) this.#isSpeechKnown = false;
    if (told.finalTo !== undefined) this.#unheard.heardTo(told.finalTo, this.#bytesPerSecond);
    if (this.#legs === 1) return undefined;
    const later = isKnown ? undefined : this.#later(event);
    return later === undefined ? 'nothing' : { ...jsonFrame(later), binary: frame.binary };
  }

  move(at: number): Move {
    this.#isSpeechKnown = this.#unheard.isSpeech;
    this.#openMs += at - (this.#socketSince ?? at);
    this.#socketSince = undefined;
    this.#legs += 1;
    this.isLeaving = false;
    this.endsAt = undefined;
    this.providerSession = undefined;
    this.isOpening = this.#reader.isAnswered === true;
    this.#reader.moved?.();
    const opening = [...this.#first, ...(this.#opening === undefined ? [] : [this.#opening])];
    return { toProvider: this.isOpening ? opening : [...opening, ...this.#again()], toClient: [] };
  }

  opened(): readonly OutFrame[] {
    return this.#reader.isAnswered && this.#legs > 1 ? this.#again() : [];
  }

  /** Returns the messages for the socket behind its opening. */
  #again(): readonly OutFrame[] {
    const sound = this.#unheard.again();
    const end = this.#end === undefined ? [] : [this.#ending(this.#end)];
    return [...this.#settings.map(({ frame }) => frame), ...sound, ...end];
  }

  #begin({ endsAt }: Told): 'nothing' | undefined {
    this.#isBegun = true;
    this.isOpening = false;
    this.endsAt = endsAt;
    return this.#legs === 1 ? undefined : 'nothing';
  }

  #failed(error: NonNullable<Told['error']>): 'nothing' | undefined {
    if (error === 'everywhere') this.#isOver = true;
    else this.isLeaving = true;
    return this.isLeaving && this.isEstablished ? 'nothing' : undefined;
  }

  get #bytesPerSecond(): number {
    return this.#reader.bytesPerSecond ?? 0;
  }

  #ending(end: OutFrame): OutFrame {
    const event = this.#reader.ending === undefined ? undefined : readObject(end.data);
    if (event === undefined) return end;
    return jsonFrame(this.#reader.ending?.(event, this.#unheard.messagesOfSocket) ?? event);
  }

  #later(event: JsonObject): JsonObject | undefined {
    const { times, later } = this.#reader;
    const seconds = this.#unheard.secondsBefore(this.#bytesPerSecond);
    const before = { seconds, openSeconds: this.#openMs / 1000, messages: this.#unheard.messagesBefore };
    const known = later === undefined ? event : later(event, before);
    return known && laterBy(known, seconds * times.perSecond, times.names);
  }
}

const copied = ({ data, binary }: OutFrame): OutFrame => ({ data: Buffer.from(data), binary });

/** Moves times on by so many of their units, to three digits of a second. */
function laterBy(event: JsonObject, by: number, names: ReadonlySet<string>): JsonObject {
  const moved = (name: string, value: unknown): unknown => {
    if (typeof value === 'number') return names.has(name) ? laterTime(value, by) : value;
    if (Array.isArray(value)) return value.map((each) => moved('', each));
    return isObject(value) ? laterBy(value, by, names) : value;
  };
  return Object.fromEntries(Object.entries(event).map(([name, value]) => [name, moved(name, value)]));
}

/** Returns a time that is so much later, to three digits. */
export const laterTime = (time: number, by: number): number => Math.round((time + by) * 1000) / 1000;

/** Continues a count that begins with 0 at each socket. */
export class ContinuedCount {
  #before = 0;
  #newest = -1;

  /** Returns the count as the client knows it. */
  of(count: unknown): number {
    const known = this.#before + (Number(count) || 0);
    this.#newest = Math.max(this.#newest, known);
    return known;
  }

  /** Turns to another socket. `isOpen`: what was counted last is not over, and counted once more. */
  moved(isOpen: boolean): void {
    this.#before = isOpen ? Math.max(this.#newest, 0) : this.#newest + 1;
  }
}
