// Goes on with a session of Gemini at another socket: by the newest handle that it was given, else by its setup and the words that were said. The
// gateway asks for handles where the client does not, and keeps to itself what comes of that.

import { firstMember } from '../../../codecs/json/event-type.ts';
import { isObject, type JsonObject, readObject, textAt } from '../../../codecs/json/object.ts';
import { type Frame, jsonFrame, type OutFrame } from '../../../codecs/websocket/frame.ts';
import type { Utterance } from '../contract/observation.ts';
import {
  type FollowedSession,
  type FollowOptions,
  isFinalClose,
  type Move,
  type Resumption,
  withUnanswered,
} from '../contract/resumption.ts';
import { HeldSound } from '../resumption/held-sound.ts';
import { observe } from './observe.ts';

/** Words that are kept for a socket that knows no handle. */
const MAX_CHARACTERS = 64 * 1024;

export const geminiResumption: Resumption = { follow: (options) => new FollowedLive(options) };

/** A message of the client that waits for a reply, and the words in it. */
interface Unanswered {
  readonly frame: OutFrame;
  readonly utterances: readonly Utterance[] | undefined;
}

interface Saved {
  readonly setup: JsonObject;
  readonly hidesHandles: boolean;
  readonly handle: string | undefined;
  readonly said: readonly Utterance[];
}

class FollowedLive implements FollowedSession {
  isEstablished = false;
  isOpening = false;
  readonly endsAt = undefined;
  providerSession: string | undefined;
  isLeaving = false;
  readonly #options: FollowOptions;
  readonly #unheard = new HeldSound();
  #setup: JsonObject = {};
  /** Set where the client knows nothing of handles. */
  #hidesHandles = false;
  #handle: string | undefined;
  #isReplying = false;
  #unanswered: Unanswered[] = [];
  #said: Utterance[] = [];
  #saidCharacters = 0;
  #isHistoryDue = false;

  constructor(options: FollowOptions) {
    this.#options = options;
    if (options.saved !== undefined) this.#restore(options.saved as unknown as Saved);
  }

  get saved(): JsonObject {
    const saved: Saved = {
      setup: this.#setup,
      hidesHandles: this.#hidesHandles,
      handle: this.#handle,
      said: this.#said,
    };
    return { ...saved };
  }

  #restore({ setup, hidesHandles, handle, said }: Saved): void {
    this.isEstablished = true;
    this.#setup = setup;
    this.#hidesHandles = hidesHandles;
    this.#handle = handle;
    this.#say(said);
  }

  get isBetweenTurns(): boolean {
    return !this.#isReplying && this.#unanswered.length === 0 && !this.#unheard.isSpeech;
  }

  goesOnAfter(code: number): boolean {
    return !isFinalClose(code);
  }

  fromClient(frame: Frame): OutFrame | undefined {
    const observation = observe(frame, 'upstream');
    const { type, mark, utterances } = observation ?? {};
    if (type === 'setup') return this.#begin(frame);
    if (type === 'realtimeInput' || type === 'realtime_input') {
      const kind = inputKind(frame);
      if (mark === undefined || ACTIVITY_ENDS.has(kind)) this.#hear(frame, kind);
      else this.#ask(frame, utterances);
    } else if (type !== undefined) this.#ask(frame, utterances);
    return undefined;
  }

  fromProvider(frame: Frame): OutFrame | 'nothing' | undefined {
    const { mark, utterances } = observe(frame, 'downstream') ?? {};
    this.#say(utterances);
    if (!this.#isReplying && utterances?.some(({ role }) => role === 'user')) this.#unheard.isSpeech = true;
    if (mark === 'audio' || mark === 'text') {
      this.#replies(frame.at);
      return undefined;
    }
    if (mark === 'turn-done' || mark === 'interrupted') this.#endReply();
    const message = readObject(frame.data);
    if (message === undefined) return undefined;
    if (isObject(message.toolCall)) this.#replies(frame.at);
    if (isObject(message.sessionResumptionUpdate)) return this.#takeHandle(message);
    if (message.setupComplete !== undefined) return this.#complete(textAt(message, 'setupComplete', 'sessionId'));
    if (!isObject(message.goAway)) return undefined;
    this.isLeaving = true;
    return 'nothing';
  }

  move(): Move {
    const cut = this.#isReplying;
    this.isOpening = true;
    this.providerSession = undefined;
    this.isLeaving = false;
    this.#isReplying = false;
    if (cut && this.#options.cutReply === 'incomplete') this.#unanswered = [];
    this.#isHistoryDue = this.#handle === undefined;
    const setup = { ...this.#setup, sessionResumption: this.#handle === undefined ? {} : { handle: this.#handle } };
    return {
      toProvider: [...this.#options.first, jsonFrame({ setup })],
      toClient: cut ? [jsonFrame({ serverContent: { turnComplete: true } })] : [],
    };
  }

  opened(): readonly OutFrame[] {
    const history = this.#isHistoryDue ? historyOf(this.#words()) : [];
    this.#isHistoryDue = false;
    return [...history, ...this.#unanswered.map(({ frame }) => frame), ...this.#unheard.frames];
  }

  #begin({ data }: Frame): OutFrame | undefined {
    const setup = readObject(data)?.setup;
    if (!isObject(setup)) return undefined;
    const { sessionResumption, session_resumption, ...rest } = setup;
    this.#hidesHandles = sessionResumption === undefined && session_resumption === undefined;
    this.#setup = rest;
    return this.#hidesHandles ? jsonFrame({ setup: { ...rest, sessionResumption: {} } }) : undefined;
  }

  /** Sound, and where the user's speech begins and ends, stay in their order. Speech is one until it is replied to. */
  #hear(frame: Frame, kind: string | undefined): void {
    if (kind === 'activityStart' || kind === 'activity_start') this.#unheard.isSpeech = true;
    this.#unheard.add(frame);
  }

  /** Keeps what has to be said again where nothing answers it. */
  #ask({ data, binary }: Frame, utterances: readonly Utterance[] | undefined): void {
    this.#unheard.isSpeech = false;
    this.#say(utterances);
    this.#unanswered = withUnanswered(this.#unanswered, { frame: { data: Buffer.from(data), binary }, utterances });
  }

  #replies(at: number): void {
    this.#isReplying = true;
    this.#unheard.heard(at);
    this.#unheard.isSpeech = false;
    if (this.#options.cutReply === 'incomplete') this.#unanswered = [];
  }

  #endReply(): void {
    this.#isReplying = false;
    this.#unheard.isSpeech = false;
    this.#unanswered = [];
  }

  #takeHandle({ sessionResumptionUpdate, ...others }: JsonObject): 'nothing' | undefined {
    const handle = textAt({ sessionResumptionUpdate }, 'sessionResumptionUpdate', 'newHandle');
    const isUsable = isObject(sessionResumptionUpdate) && sessionResumptionUpdate.resumable !== false;
    if (handle && isUsable) this.#handle = handle;
    return this.#hidesHandles && Object.keys(others).length === 0 ? 'nothing' : undefined;
  }

  #complete(session: string | undefined): 'nothing' | undefined {
    this.providerSession = session;
    const isFirst = !this.isEstablished;
    this.isEstablished = true;
    this.isOpening = false;
    return isFirst ? undefined : 'nothing';
  }

  /** The words for a socket that knows no handle: those that are said again are not among them. */
  #words(): readonly Utterance[] {
    const { context } = this.#options;
    const again = new Set(this.#unanswered.flatMap(({ utterances = [] }) => utterances));
    const said = this.#said.filter((utterance) => !again.has(utterance));
    return context ? [{ role: 'user', text: context }, ...said] : said;
  }

  #say(utterances: readonly Utterance[] = []): void {
    this.#said.push(...utterances);
    for (const { text } of utterances) this.#saidCharacters += text.length;
    while (this.#saidCharacters > MAX_CHARACTERS)
      this.#saidCharacters -= this.#said.shift()?.text.length ?? this.#saidCharacters;
  }
}

const ACTIVITY_ENDS: ReadonlySet<string | undefined> = new Set(['activityEnd', 'activity_end']);

function inputKind({ data }: Frame): string | undefined {
  const input = firstMember(data);
  return input && firstMember(data, input.valueAt)?.key;
}

/** The turns that were said, as the words of either side. */
function historyOf(said: readonly Utterance[]): readonly OutFrame[] {
  const turns: { role: string; parts: { text: string }[] }[] = [];
  for (const { role, text, isPartial } of said) {
    const name = role === 'user' ? 'user' : 'model';
    const last = turns.at(-1);
    const part = last?.role === name ? last.parts.at(-1) : undefined;
    if (part === undefined) turns.push({ role: name, parts: [{ text }] });
    else part.text += isPartial ? text : `\n${text}`;
  }
  return turns.length === 0 ? [] : [jsonFrame({ clientContent: { turns, turnComplete: false } })];
}
