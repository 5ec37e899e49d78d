// Goes on with a chat of Hume's EVI at another socket, which resumes its chat group: Hume knows what was said (document). What the client has set is set
// again.

import { eventType } from '../../../codecs/json/event-type.ts';
import { type JsonObject, readObject, textAt } from '../../../codecs/json/object.ts';
import { type Frame, jsonFrame, type OutFrame } from '../../../codecs/websocket/frame.ts';
import {
  type FollowedSession,
  type FollowOptions,
  isFinalClose,
  type Move,
  type Resumption,
  withUnanswered,
} from '../contract/resumption.ts';
import { HeldSound } from '../resumption/held-sound.ts';

/** The parameter of the handshake by which a chat group goes on. */
export const RESUMED = 'resumed_chat_group_id';
/** Words of the user are told behind the end of the speech. */
const VAD_DELAY_MS = 300;
/** Changes nothing: it goes in the place of what would be an error at this socket. */
const NO_SETTINGS = jsonFrame({ type: 'session_settings' });
const LOST = { error: 'the tool call was lost with its connection', code: 'connection_lost', level: 'warn' };

export const humeChatResumption: Resumption = { follow: (options) => new FollowedChat(options) };

interface Asked {
  readonly text: string | undefined;
  readonly frame: OutFrame;
}

class FollowedChat implements FollowedSession {
  isOpening = false;
  readonly isLeaving = false;
  readonly endsAt = undefined;
  providerSession: string | undefined;
  readonly #options: FollowOptions;
  readonly #unheard = new HeldSound();
  #group: string | undefined;
  #settings: readonly { readonly frame: OutFrame }[] = [];
  /** The message that holds the assistant back; undefined while it may speak. */
  #pause: OutFrame | undefined;
  #asked: Asked[] = [];
  /** Ids of the calls of tools that wait for a result; and those of former sockets. */
  readonly #calls = new Set<string>();
  readonly #lost = new Set<string>();
  #words: string | undefined;
  /** Words that the client knows, and that are told once more. */
  #askedAgain: string | undefined;
  #isReplying = false;
  #isReplyDue = false;
  /** Set once somebody has said something at the socket. */
  #isUsed = false;
  #legs = 1;

  constructor(options: FollowOptions) {
    this.#options = options;
  }

  get isEstablished(): boolean {
    return this.#group !== undefined;
  }

  get query(): Readonly<Record<string, string>> | undefined {
    return this.#group === undefined ? undefined : { [RESUMED]: this.#group };
  }

  get isBetweenTurns(): boolean {
    const isAsked = this.#isReplyDue || this.#asked.length > 0 || this.#calls.size > 0;
    return !this.#isReplying && !isAsked && !this.#unheard.isSpeech;
  }

  /** A chat that was ended because nobody spoke would be ended again. */
  goesOnAfter(code: number): boolean {
    return !isFinalClose(code) && (code === 1006 || this.#isUsed);
  }

  fromClient(frame: Frame): OutFrame | undefined {
    const type = frame.binary ? 'audio_input' : eventType(frame.data);
    if (type === 'audio_input') return void this.#unheard.add(frame);
    const kept = { data: Buffer.from(frame.data), binary: frame.binary };
    const event = readObject(frame.data);
    switch (type) {
      case 'session_settings':
        this.#settings = withUnanswered(this.#settings, { frame: kept });
        return undefined;
      case 'user_input':
      case 'assistant_input':
        this.#isUsed = true;
        this.#asked = withUnanswered(this.#asked, { text: textAt(event, 'text'), frame: kept });
        return undefined;
      case 'pause_assistant_message':
      case 'resume_assistant_message':
        this.#pause = type === 'pause_assistant_message' ? kept : undefined;
        return undefined;
      default:
        return type === 'tool_response' || type === 'tool_error' ? this.#called(event) : undefined;
    }
  }

  fromProvider(frame: Frame): OutFrame | 'nothing' | undefined {
    const type = frame.binary ? 'audio_output' : eventType(frame.data);
    switch (type) {
      case 'chat_metadata':
        return this.#begin(readObject(frame.data));
      case 'user_message':
        return this.#said(readObject(frame.data), frame.at);
      case 'assistant_message':
      case 'audio_output':
        this.#replies(type === 'assistant_message');
        return undefined;
      case 'assistant_end':
      case 'user_interruption':
        this.#isReplying = false;
        return undefined;
      case 'tool_call':
        this.#calls.add(textAt(readObject(frame.data), 'tool_call_id') ?? '');
        return undefined;
      default:
        return undefined;
    }
  }

  move(): Move {
    const cut = this.#isReplying;
    const lost = [...this.#calls];
    const isDue = this.#isReplyDue || lost.length > 0 || (cut && this.#options.cutReply === 'again');
    for (const id of lost) this.#lost.add(id);
    this.#calls.clear();
    this.#legs += 1;
    this.isOpening = true;
    this.providerSession = undefined;
    this.#isReplying = false;
    this.#isReplyDue = false;
    this.#isUsed = false;
    this.#askedAgain = isDue ? this.#words : undefined;
    return {
      toProvider: this.#options.first,
      toClient: [
        ...lost.map((tool_call_id) => jsonFrame({ type: 'tool_error', tool_call_id, ...LOST })),
        ...(cut ? [jsonFrame({ type: 'assistant_end' })] : []),
      ],
    };
  }

  opened(): readonly OutFrame[] {
    const { context } = this.#options;
    const text = this.#askedAgain;
    return [
      ...(context ? [jsonFrame({ type: 'session_settings', context: { type: 'persistent', text: context } })] : []),
      ...this.#settings.map(({ frame }) => frame),
      ...(this.#pause === undefined ? [] : [this.#pause]),
      ...(text === undefined ? [] : [jsonFrame({ type: 'user_input', text })]),
      ...this.#asked.map(({ frame }) => frame),
      ...this.#unheard.frames,
    ];
  }

  #begin(event: JsonObject | undefined): 'nothing' | undefined {
    this.isOpening = false;
    this.#group = textAt(event, 'chat_group_id') ?? this.#group;
    this.providerSession = textAt(event, 'chat_id');
    return this.#legs > 1 ? 'nothing' : undefined;
  }

  #said(event: JsonObject | undefined, at: number): 'nothing' | undefined {
    this.#isUsed = true;
    if (event?.interim === true) {
      this.#unheard.isSpeech = true;
      return undefined;
    }
    const words = textAt(event, 'message', 'content');
    this.#isReplyDue = true;
    if (event?.from_text === true && words !== undefined && words === this.#askedAgain) {
      this.#askedAgain = undefined;
      return 'nothing';
    }
    this.#words = words;
    if (event?.from_text === true) this.#answered(words);
    else {
      this.#unheard.isSpeech = false;
      this.#unheard.heard(at - VAD_DELAY_MS);
    }
    return undefined;
  }

  #replies(isText: boolean): void {
    this.#isUsed = true;
    this.#isReplying = true;
    this.#isReplyDue = false;
    // The words of `assistant_input` come back as its own.
    if (isText) this.#asked = this.#asked.filter(({ frame }) => eventType(frame.data) !== 'assistant_input');
  }

  #answered(words: string | undefined): void {
    const at = this.#asked.findIndex(({ text }) => text === words);
    if (at >= 0) this.#asked.splice(at, 1);
  }

  /** A result for a socket that is gone goes nowhere: the client was told that the call was lost. */
  #called(event: JsonObject | undefined): OutFrame | undefined {
    const id = textAt(event, 'tool_call_id') ?? '';
    this.#isReplyDue ||= this.#calls.delete(id);
    return this.#lost.has(id) ? NO_SETTINGS : undefined;
  }
}
