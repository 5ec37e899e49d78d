// The part of the contract that is about what one message tells: turns, words, usage.

import type { DecisiveBytes } from '../../../codecs/websocket/alike-messages.ts';
import type { SoundRates } from './metering.ts';

/** The facts that the tap learns from one frame. */
export interface Observation {
  readonly type: string;
  /** Returns the bytes that decide: messages which have the same ones are observed alike. Left out where more decides. */
  readonly decides?: (data: Buffer) => DecisiveBytes | undefined;
  readonly mark?: Mark;
  readonly usage?: Usage;
  /** The maker of this usage, where it is not the model that serves: one that the event names, or the one that transcribes the user. */
  readonly usageOf?: { readonly model: string } | 'transcription' | undefined;
  /** The model that transcribes what the user says, where the session names it. */
  readonly transcriptionModel?: string | undefined;
  /** The model that the provider says it serves; where it never does, that of a client's frame. */
  readonly model?: string;
  /** Bytes of a second of audio, where the session names its format; 0: they are not known. */
  readonly soundBytesPerSecond?: SoundRates | undefined;
  /** The characters and messages that a client's message adds, where sessions are billed by them. Reading it may take a parse of the frame. */
  readonly counts?: Pick<Usage, 'characters' | 'messages'> | undefined;
  /** The words that this frame tells of, unbounded. Reading them may take a parse of the frame. */
  readonly utterances?: readonly Utterance[];
  /** The item of something that the user said aloud, whose text is still to come and belongs to this turn. */
  readonly pendingTranscriptOf?: string;
  /** Tools that the model asks for, where this frame is read for something else: none is read for their sake. */
  readonly toolCalls?: readonly AskedTool[] | undefined;
  /** Ids that the provider hands out in this frame: see `Dialect.ids`. */
  readonly handedOut?: readonly string[] | undefined;
  /** Set where the session never says where a turn ends. */
  readonly isContinuous?: true;
}

/** A call of a tool that the model asks for. Its arguments and its result are content, and are told nowhere. */
export interface AskedTool {
  readonly name?: string | undefined;
  /** The provider's id of the call. */
  readonly id?: string | undefined;
}

/** Something that one side said. */
export interface Utterance {
  readonly role: 'user' | 'assistant';
  readonly text: string;
  /** Set where it continues what the same side said before; else it is a whole utterance. */
  readonly isPartial?: true;
  /** The item whose text it is, where that was announced by `pendingTranscriptOf`. */
  readonly item?: string;
  /** Set where a better text of the item may follow. */
  readonly isProvisional?: true;
}

/** A moment in a turn. `request`: the client asked for a reply; `audio` and `text`: a piece of the reply. */
export type Mark = 'request' | 'speech-started' | 'speech-stopped' | 'audio' | 'text' | 'interrupted' | 'turn-done';

/** Tokens, seconds and the like that the provider reports, or the gateway has counted: see `BillingBase`. Reports add up, except a `cumulative` one, which replaces the last. `isFaulty`: see `soundUsage`. */
export interface Usage {
  readonly cumulative?: boolean;
  readonly isFaulty?: true;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly totalTokens?: number;
  readonly inputTextTokens?: number;
  readonly inputAudioTokens?: number;
  readonly inputImageTokens?: number;
  /** The part of the input that came from the provider's cache, and of it what was no text. */
  readonly cachedTokens?: number;
  readonly cachedAudioTokens?: number;
  readonly cachedImageTokens?: number;
  /** The part of the input that was written into the provider's cache, and of it what stays there for an hour. */
  readonly cacheWriteTokens?: number;
  readonly cacheWriteHourTokens?: number;
  readonly outputTextTokens?: number;
  readonly outputAudioTokens?: number;
  readonly outputImageTokens?: number;
  /** Searches of the web that are billed beside the tokens. */
  readonly webSearches?: number;
  /** Seconds that the session was connected, or that the provider says it bills. */
  readonly seconds?: number;
  readonly inputAudioSeconds?: number;
  readonly outputAudioSeconds?: number;
  /** Characters that were to be spoken. */
  readonly characters?: number;
  /** Messages of text that have a price each. */
  readonly messages?: number;
}

/** Adds words that cost a parse to an observation, and counts that do. Each is read whenever its field is, and never otherwise. */
export function withTranscript(
  observation: Omit<Observation, 'utterances' | 'counts'>,
  read: () => readonly Utterance[] | undefined,
  count?: () => Observation['counts'],
): Observation {
  return {
    ...observation,
    get utterances() {
      return read();
    },
    get counts() {
      return count?.();
    },
  };
}
