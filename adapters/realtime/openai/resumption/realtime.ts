// Goes on with a session of Realtime at another socket: it is told the settings and the items again, under the ids that the client knows. What the
// provider answers to that the client does not see.

import { eventType } from '../../../../codecs/json/event-type.ts';
import { type JsonObject, objectAt, readObject, textAt } from '../../../../codecs/json/object.ts';
import { type Frame, jsonFrame, type OutFrame } from '../../../../codecs/websocket/frame.ts';
import {
  type FollowedSession,
  type FollowOptions,
  isFinalClose,
  type Move,
  type Resumption,
  withUnanswered,
} from '../../contract/resumption.ts';
import { HeldSound } from '../../resumption/held-sound.ts';
import { Items } from './items.ts';
import { KnownIds } from './known-ids.ts';
import { mergeSettings, type Turns, turnsIn } from './settings.ts';

/** Begins the ids of events of the gateway: errors about them are none of the client. */
const OWN_EVENT = 'trunkline-move';
/** The id of the event that tells the settings again. */
const OWN_UPDATE = `${OWN_EVENT}-settings`;
/** Speech that a provider takes as said ends before it says so. */
const VAD_DELAY_MS = 300;
const SOUND = new Set(['response.output_audio.delta', 'response.audio.delta']);
const WORDS = new Set(['response.output_audio_transcript.delta', 'response.audio_transcript.delta']);
const TEXT = new Set(['response.output_text.delta', 'response.text.delta']);
/** Answers to an item that was created. */
const ITEM_EVENTS = new Set(['conversation.item.created', 'conversation.item.added', 'conversation.item.done']);

/** Messages of a client that are answered. */
const REQUESTS = new Set(['session.update', 'conversation.item.create', 'response.create']);

export const realtimeResumption: Resumption = { follow: (options) => new FollowedRealtime(options) };

interface Saved {
  readonly settings: JsonObject;
  readonly turns: Turns;
  readonly known: readonly (readonly [string, string])[];
  readonly items: readonly JsonObject[];
}

interface Reply {
  readonly id: string | undefined;
  readonly items: string[];
}

/** A message of the client that its provider has yet to answer. */
interface Unanswered {
  readonly type: string;
  readonly eventId: string | undefined;
  /** The settings or the item in it. */
  readonly given: JsonObject | undefined;
  readonly frame: OutFrame;
}

class FollowedRealtime implements FollowedSession {
  readonly isOpening = false;
  readonly isLeaving = false;
  isEstablished = false;
  endsAt: number | undefined;
  providerSession: string | undefined;
  readonly #options: FollowOptions;
  readonly #items = new Items();
  readonly #unheard = new HeldSound();
  #settings: JsonObject = {};
  #reply: Reply | undefined;
  #unanswered: Unanswered[] = [];
  #isExpired = false;
  #turns: Turns = 'unknown';
  /** Set from the end of a turn that the provider replies to by itself until it does. */
  #isReplyDue = false;
  #ids = new KnownIds();
  #legs = 1;
  /** Answers to messages of the gateway that are still to come. */
  #ownUpdates = 0;
  readonly #toldAgain = new Map<string, Set<string>>();
  #isSpeechKnown = false;

  constructor(options: FollowOptions) {
    this.#options = options;
    if (options.saved !== undefined) this.#restore(options.saved as unknown as Saved);
  }

  get saved(): JsonObject {
    return { settings: this.#settings, turns: this.#turns, known: this.#ids.all, items: this.#items.all };
  }

  #restore({ settings, turns, known, items }: Saved): void {
    this.isEstablished = true;
    this.#settings = settings;
    this.#turns = turns;
    this.#ids = new KnownIds(known);
    for (const item of items) this.#items.put(item);
  }

  get isBetweenTurns(): boolean {
    const isAsked = this.#isReplyDue || this.#unanswered.length > 0;
    return this.#reply === undefined && !isAsked && !this.#unheard.isSpeech;
  }

  goesOnAfter(code: number): boolean {
    return this.#isExpired || !isFinalClose(code);
  }

  fromClient(frame: Frame): undefined {
    const type = eventType(frame.data);
    if (type === 'input_audio_buffer.append') {
      this.#unheard.isSpeech ||= this.#turns === 'by-client';
      this.#unheard.add(frame);
    } else if (type === 'input_audio_buffer.commit' || type === 'input_audio_buffer.clear')
      this.#unheard.add(frame, true);
    else if (type !== undefined && REQUESTS.has(type)) this.#ask(type, frame);
  }

  fromProvider(frame: Frame): OutFrame | 'nothing' | undefined {
    const type = eventType(frame.data);
    if (type === undefined || SOUND.has(type)) return undefined;
    const event = readObject(frame.data);
    if (event === undefined) return undefined;
    if (this.#isOwn(type, event)) return 'nothing';
    this.#learn(type, event, frame.at);
    return this.#ids.renamed(frame);
  }

  #ask(type: string, { data, binary }: Frame): void {
    const event = type === 'response.create' ? undefined : readObject(data);
    const given = objectAt(event, type === 'session.update' ? 'session' : 'item');
    const eventId = textAt(event ?? readObject(data), 'event_id');
    const frame = { data: Buffer.from(data), binary };
    this.#unanswered = withUnanswered(this.#unanswered, { type, eventId, given, frame });
  }

  opened(): readonly OutFrame[] {
    return [];
  }

  move(): Move {
    const { first, cutReply } = this.#options;
    const cut = this.#reply;
    const requests = this.#unanswered.filter(({ type }) => type === 'response.create');
    const isDue = cut === undefined ? this.#isReplyDue : cutReply === 'again';
    const again = isDue && requests.length === 0;
    const hasSettings = Object.keys(this.#settings).length > 0;
    this.#legs += 1;
    this.#ids.moved();
    this.#reply = undefined;
    this.#isReplyDue = false;
    this.#isExpired = false;
    this.endsAt = undefined;
    this.#ownUpdates = (hasSettings ? 1 : 0) + first.filter(isUpdate).length;
    this.#isSpeechKnown = this.#unheard.isSpeech;
    return {
      toProvider: [
        ...first,
        ...(hasSettings ? [own({ event_id: OWN_UPDATE, type: 'session.update', session: this.#settings })] : []),
        ...this.#itemsAgain(),
        ...this.#unanswered.filter(({ type }) => type !== 'response.create').map(({ frame }) => frame),
        ...this.#unheard.frames,
        ...requests.map(({ frame }) => frame),
        ...(again ? [own({ type: 'response.create' })] : []),
      ],
      toClient: cut === undefined ? [] : [this.#incomplete(cut)],
    };
  }

  #itemsAgain(): readonly OutFrame[] {
    this.#toldAgain.clear();
    return this.#items.all.map((item) => {
      this.#toldAgain.set(String(item.id), new Set(ITEM_EVENTS));
      return own({ type: 'conversation.item.create', item });
    });
  }

  /** Tells whether an event is about messages of the gateway alone. */
  #isOwn(type: string, event: JsonObject): boolean {
    if (type === 'error') return this.#isOwnError(objectAt(event, 'error'));
    if (ITEM_EVENTS.has(type)) return this.#toldAgain.get(textAt(event, 'item', 'id') ?? '')?.delete(type) === true;
    if (type === 'session.updated' && this.#ownUpdates > 0 && this.#legs > 1) {
      this.#ownUpdates -= 1;
      this.#ids.alias(objectAt(event, 'session'));
      return true;
    }
    if (this.#legs === 1) return false;
    if (type === 'session.created') {
      this.#sessionCreated(objectAt(event, 'session'));
      return true;
    }
    if (type === 'conversation.created') {
      this.#ids.alias(objectAt(event, 'conversation'));
      return true;
    }
    const isKnown = type === 'input_audio_buffer.speech_started' && this.#isSpeechKnown;
    if (isKnown) this.#isSpeechKnown = false;
    return isKnown;
  }

  #isOwnError(error: JsonObject | undefined): boolean {
    if (textAt(error, 'code') === 'session_expired') this.#isExpired = true;
    const id = textAt(error, 'event_id');
    // No update is told of one that was refused.
    if (id === OWN_UPDATE) this.#ownUpdates -= 1;
    return this.#isExpired || id?.startsWith(OWN_EVENT) === true;
  }

  #learn(type: string, event: JsonObject, at: number): void {
    const id = textAt(event, 'item_id');
    const item = objectAt(event, 'item');
    if (WORDS.has(type) || TEXT.has(type)) this.#items.words(id, textAt(event, 'delta') ?? '', true);
    else if (ITEM_EVENTS.has(type) && item !== undefined) this.#itemCreated(item);
    else if (type === 'conversation.item.input_audio_transcription.completed')
      this.#items.words(id, textAt(event, 'transcript') ?? '', false);
    else if (type === 'conversation.item.deleted') this.#items.remove(id);
    else if (type === 'session.created') this.#sessionCreated(objectAt(event, 'session'));
    else if (type === 'session.updated') this.#settingsTaken(objectAt(event, 'session'));
    else if (type === 'conversation.created') this.#ids.remember('conversation', textAt(event, 'conversation', 'id'));
    else if (type.startsWith('input_audio_buffer.')) this.#learnOfSpeech(type, at);
    else this.#learnOfReply(type, event, item);
  }

  #learnOfSpeech(type: string, at: number): void {
    const unheard = this.#unheard;
    if (type === 'input_audio_buffer.speech_started') unheard.isSpeech = true;
    if (type !== 'input_audio_buffer.committed' && type !== 'input_audio_buffer.cleared') return;
    unheard.isSpeech = false;
    if (unheard.heardToEnd()) return;
    unheard.heard(at - VAD_DELAY_MS);
    this.#isReplyDue = this.#turns === 'replied-to';
  }

  #learnOfReply(type: string, event: JsonObject, item: JsonObject | undefined): void {
    if (type === 'response.created') {
      this.#reply = { id: textAt(event, 'response', 'id'), items: [] };
      this.#isReplyDue = false;
      this.#unheard.isSpeech = false;
      this.#answered('response.create');
    } else if (type === 'response.output_item.added' || type === 'response.output_item.done') {
      if (item === undefined) return;
      this.#items.put(item);
      const id = textAt(item, 'id');
      if (id !== undefined && this.#reply?.items.includes(id) === false) this.#reply.items.push(id);
    } else if (type === 'response.done') this.#reply = undefined;
    else if (type === 'error') this.#refused(objectAt(event, 'error'));
  }

  #itemCreated(item: JsonObject): void {
    this.#items.put(item);
    const isAnswer = (asked: JsonObject | undefined): boolean =>
      asked?.id === undefined ? asked?.type === item.type && asked?.role === item.role : asked.id === item.id;
    this.#take(({ type, given }) => type === 'conversation.item.create' && given !== undefined && isAnswer(given));
  }

  /** Answers come in the order of what they answer. */
  #answered(type: string): Unanswered | undefined {
    return this.#take((asked) => asked.type === type);
  }

  /** An error quotes the id of the event that it is about, where that has one. */
  #refused(error: JsonObject | undefined): void {
    const eventId = textAt(error, 'event_id');
    this.#isReplyDue = false;
    this.#take((asked) => asked.eventId === eventId);
  }

  #take(isIt: (asked: Unanswered) => boolean): Unanswered | undefined {
    const at = this.#unanswered.findIndex(isIt);
    return at < 0 ? undefined : this.#unanswered.splice(at, 1)[0];
  }

  /** Settings that a provider refuses, it would refuse at the next socket as well. */
  #settingsTaken(session: JsonObject | undefined): void {
    const given = this.#answered('session.update')?.given;
    if (given !== undefined) this.#settings = mergeSettings(this.#settings, given);
    this.#turns = turnsIn(session) ?? this.#turns;
  }

  #sessionCreated(session: JsonObject | undefined): void {
    this.providerSession = textAt(session, 'id');
    this.isEstablished = true;
    this.#turns = turnsIn(session) ?? this.#turns;
    const seconds = session?.expires_at;
    this.endsAt = typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : undefined;
    if (this.#legs === 1) this.#ids.remember('session', textAt(session, 'id'));
    else this.#ids.alias(session, 'session');
  }

  #incomplete({ id, items }: Reply): OutFrame {
    const output = this.#items.all.filter((item) => items.includes(String(item.id)));
    const status_details = { type: 'incomplete', reason: 'connection_lost' };
    const response = { object: 'realtime.response', id, status: 'incomplete', status_details, output, usage: null };
    return jsonFrame({ type: 'response.done', event_id: `event_${OWN_EVENT}_${this.#legs}`, response });
  }
}

const own = (event: object): OutFrame => jsonFrame({ event_id: OWN_EVENT, ...event });

const isUpdate = ({ data }: OutFrame): boolean => eventType(data) === 'session.update';
