// Goes on with a voice agent of Deepgram at another socket: it gets the client's `Settings` again, with what was said and the functions that were called
// as `agent.context.messages`, and without the greeting. That is how a conversation is resumed (document).

import { eventType } from '../../../../codecs/json/event-type.ts';
import { isObject, type JsonObject, objectAt, readObject, textAt } from '../../../../codecs/json/object.ts';
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

/** History that is kept: the oldest goes first. */
const MAX_BYTES = 64 * 1024;
/** Words of the user are told behind the end of the speech. */
const VAD_DELAY_MS = 300;

/** Messages that change settings, by the answers to them. */
const ANSWERS: Readonly<Record<string, string>> = {
  ListenUpdated: 'UpdateListen',
  ThinkUpdated: 'UpdateThink',
  ThinkLiveUpdated: 'UpdateThink_Live',
  SpeakUpdated: 'UpdateSpeak',
  PromptUpdated: 'UpdatePrompt',
};
const UPDATES: ReadonlySet<string> = new Set(Object.values(ANSWERS));

interface Update {
  readonly type: string;
  readonly frame: OutFrame;
}

export const agentResumption: Resumption = { follow: (options) => new FollowedAgent(options) };

class FollowedAgent implements FollowedSession {
  isEstablished = false;
  isOpening = false;
  isLeaving = false;
  readonly endsAt = undefined;
  providerSession: string | undefined;
  readonly #options: FollowOptions;
  readonly #unheard = new HeldSound();
  #settings: JsonObject | undefined;
  #updates: readonly Update[] = [];
  /** Entries of the history that the client has not given itself. */
  #history: readonly JsonObject[] = [];
  /** Functions that the client has been asked to call, by id; and those of former sockets. */
  readonly #calls = new Map<string, JsonObject>();
  readonly #cancelled = new Set<string>();
  #asked: { readonly content: string; readonly frame: OutFrame }[] = [];
  #isReplying = false;
  #isReplyDue = false;
  #isOver = false;
  #legs = 1;
  /** Answers to messages of the gateway that are still to come, by type, and the text of the user that the client knows. */
  #ownUpdates: string[] = [];
  #askedAgain: string | undefined;
  #isSpeechKnown = false;

  constructor(options: FollowOptions) {
    this.#options = options;
  }

  get isBetweenTurns(): boolean {
    const isAsked = this.#isReplyDue || this.#asked.length > 0 || this.#calls.size > 0;
    return !this.#isReplying && !isAsked && !this.#unheard.isSpeech;
  }

  goesOnAfter(code: number): boolean {
    return !this.#isOver && !isFinalClose(code);
  }

  fromClient(frame: Frame): OutFrame | undefined {
    if (frame.binary) return void this.#unheard.add(frame);
    const type = eventType(frame.data) ?? '';
    const kept = { type, frame: { data: Buffer.from(frame.data), binary: false } };
    if (type === 'Settings') this.#settings ??= readObject(frame.data);
    else if (UPDATES.has(type)) this.#updates = withUpdate(this.#updates, kept);
    else if (type === 'InjectUserMessage') this.#ask(kept.frame);
    else if (type === 'FunctionCallResponse') return this.#called(readObject(frame.data));
    return undefined;
  }

  fromProvider(frame: Frame): OutFrame | 'nothing' | undefined {
    if (frame.binary) {
      this.#isReplying = true;
      return undefined;
    }
    const type = eventType(frame.data) ?? '';
    const event = readObject(frame.data);
    switch (type) {
      case 'Welcome':
        this.providerSession = textAt(event, 'request_id');
        return this.#legs > 1 ? 'nothing' : undefined;
      case 'SettingsApplied':
        return this.#applied();
      case 'UserStartedSpeaking':
        return this.#speaks();
      case 'ConversationText':
        return this.#said(event, frame.at);
      case 'AgentStartedSpeaking':
        this.#replies();
        return undefined;
      case 'AgentAudioDone':
        this.#isReplying = false;
        return undefined;
      case 'FunctionCallRequest':
      case 'FunctionCallCancelled':
        this.#functions(event, type === 'FunctionCallRequest');
        return undefined;
      case 'Error':
        return this.#failed(event);
      default:
        return this.#isOwn(type) ? 'nothing' : undefined;
    }
  }

  move(): Move {
    const cut = this.#isReplying;
    const cancelled = [...this.#calls.keys()];
    const isAgain = cut && this.#options.cutReply === 'again';
    const isDue = this.#isReplyDue || isAgain || cancelled.length > 0;
    const functions = cancelled.map((id) => ({ id, name: textAt(this.#calls.get(id), 'name') ?? '' }));
    for (const id of cancelled) this.#cancelled.add(id);
    this.#legs += 1;
    this.#calls.clear();
    this.providerSession = undefined;
    this.isOpening = true;
    this.isLeaving = false;
    this.#isReplying = false;
    this.#isReplyDue = false;
    this.#isSpeechKnown = this.#unheard.isSpeech;
    this.#ownUpdates = this.#updates.map(({ type }) => type);
    this.#askedAgain = isDue ? this.#takeQuestion(isAgain) : undefined;
    return {
      toProvider: [...this.#options.first, jsonFrame(this.#settingsAgain())],
      toClient: [
        ...(functions.length === 0 ? [] : [jsonFrame({ type: 'FunctionCallCancelled', functions })]),
        ...(cut ? [jsonFrame({ type: 'AgentAudioDone' })] : []),
      ],
    };
  }

  opened(): readonly OutFrame[] {
    const content = this.#askedAgain;
    return [
      ...this.#updates.map(({ frame }) => frame),
      ...(content === undefined ? [] : [jsonFrame({ type: 'InjectUserMessage', content })]),
      ...this.#asked.map(({ frame }) => frame),
      ...this.#unheard.frames,
    ];
  }

  #settingsAgain(): JsonObject {
    const { agent, ...others } = this.#settings ?? {};
    const { greeting, ...rest } = isObject(agent) ? agent : {};
    const context = objectAt(this.#settings, 'agent', 'context') ?? {};
    const before: readonly unknown[] = Array.isArray(context.messages) ? context.messages : [];
    const earlier = this.#options.context ? [historyOf('user', this.#options.context)] : [];
    const messages = [...earlier, ...before, ...this.#history];
    return { ...others, agent: { ...rest, context: { ...context, messages } } };
  }

  /** Takes the newest words of the user out of the history, to be said again. `isAgain`: the words of the reply to them go, too. */
  #takeQuestion(isAgain: boolean): string | undefined {
    const at = this.#history.findLastIndex(({ role }) => role === 'user');
    const content = textAt(this.#history[at], 'content');
    const behind = this.#history.slice(at + 1).filter(({ role }) => !isAgain || role === undefined);
    if (content !== undefined) this.#history = [...this.#history.slice(0, at), ...behind];
    return content;
  }

  /** A session of a stored agent has no place for what was said: it ends with its provider. */
  #applied(): 'nothing' | undefined {
    this.isOpening = false;
    this.isEstablished = isObject(this.#settings?.agent);
    return this.#legs > 1 ? 'nothing' : undefined;
  }

  #speaks(): 'nothing' | undefined {
    const isKnown = this.#isSpeechKnown;
    this.#isSpeechKnown = false;
    this.#unheard.isSpeech = true;
    this.#isReplying = false;
    return isKnown ? 'nothing' : undefined;
  }

  #said(event: JsonObject | undefined, at: number): 'nothing' | undefined {
    const [role, content] = [textAt(event, 'role'), textAt(event, 'content')];
    if (content === undefined || (role !== 'user' && role !== 'assistant')) return undefined;
    this.#remember(historyOf(role, content));
    if (role === 'assistant') this.#replies();
    else {
      this.#isReplyDue = true;
      const isKnown = this.#askedAgain === content;
      if (isKnown) this.#askedAgain = undefined;
      else if (!this.#answered(content)) this.#heard(at);
      return isKnown ? 'nothing' : undefined;
    }
    return undefined;
  }

  #heard(at: number): void {
    this.#isSpeechKnown = false;
    this.#unheard.isSpeech = false;
    this.#unheard.heard(at - VAD_DELAY_MS);
  }

  #replies(): void {
    this.#isReplying = true;
    this.#isReplyDue = false;
  }

  #ask(frame: OutFrame): void {
    const content = textAt(readObject(frame.data), 'content');
    if (content !== undefined) this.#asked = withUnanswered(this.#asked, { content, frame });
  }

  /** Tells whether these words are those of a message, and not of speech. */
  #answered(content: string): boolean {
    const at = this.#asked.findIndex((asked) => asked.content === content);
    if (at >= 0) this.#asked.splice(at, 1);
    return at >= 0;
  }

  #functions(event: JsonObject | undefined, isRequest: boolean): void {
    const functions = Array.isArray(event?.functions) ? event.functions.filter(isObject) : [];
    for (const each of functions) {
      const id = textAt(each, 'id') ?? '';
      if (!isRequest) this.#calls.delete(id);
      else if (each.client_side !== false) this.#calls.set(id, each);
    }
  }

  /** A result of a call that was cancelled with its socket goes nowhere. */
  #called(event: JsonObject | undefined): OutFrame | undefined {
    const id = textAt(event, 'id') ?? '';
    if (this.#cancelled.has(id)) return jsonFrame({ type: 'KeepAlive' });
    const call = this.#calls.get(id);
    if (call === undefined) return undefined;
    this.#calls.delete(id);
    this.#isReplyDue = true;
    this.#remember({ type: 'History', function_calls: [{ ...call, response: textAt(event, 'content') ?? '' }] });
    return undefined;
  }

  #failed(event: JsonObject | undefined): 'nothing' | undefined {
    if (event?.code === 'INTERNAL_SERVER_ERROR' && this.isEstablished) {
      this.isLeaving = true;
      return 'nothing';
    }
    this.#isOver = true;
    return undefined;
  }

  #isOwn(answer: string): boolean {
    const at = this.#ownUpdates.indexOf(ANSWERS[answer] ?? '');
    if (at >= 0) this.#ownUpdates.splice(at, 1);
    return at >= 0;
  }

  #remember(entry: JsonObject): void {
    const all = [...this.#history, entry];
    let bytes = all.reduce((sum, each) => sum + JSON.stringify(each).length, 0);
    while (all.length > 1 && bytes > MAX_BYTES) bytes -= JSON.stringify(all.shift()).length;
    this.#history = all;
  }
}

const historyOf = (role: 'user' | 'assistant', content: string): JsonObject => ({ type: 'History', role, content });

/** An update replaces the one before it, but those of listening change a part each; one of the stage that thinks has its prompt, too (document). */
function withUpdate(updates: readonly Update[], update: Update): readonly Update[] {
  const isReplaced = ({ type }: Update): boolean =>
    (type === update.type && type !== 'UpdateListen') || (update.type === 'UpdateThink' && type === 'UpdatePrompt');
  return withUnanswered(
    updates.filter((each) => !isReplaced(each)),
    update,
  );
}
