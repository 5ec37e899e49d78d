// Gemini Live: one JSON object per message, whose keys may be combined. It has no ids for turns, so they are numbered here;
// transcripts of the caller are not ordered relative to the reply.

import { listOrEmpty, objectOrEmpty, textOrEmpty } from '../api/loose-json.ts';
import {
  type ClientDialect,
  type DialectClient,
  type DialectMessage,
  type FunctionCallItem,
  functionCaptionId,
  type Outgoing,
  type SessionSettings,
  type ViewEvent,
} from './dialect.ts';
import { exampleTool } from './example-tool.ts';

const inputRateHz = 16_000;
const outputRateHz = 24_000;

export const geminiLive = {
  name: 'gemini-live',
  inputRateHz,
  preferredPath: '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent',
  models: { voice: ['gemini-3.8-live', 'gemini-live-2.5-flash-preview'], text: [] },
  voices: ['Puck', 'Charon', 'Kore', 'Fenrir', 'Aoede', 'Leda', 'Orus', 'Zephyr'],
  address: (_settings, key) => ({ query: key === '' ? ({} as Record<string, string>) : { key }, protocols: [] }),
  createClient: (settings: SessionSettings) => new GeminiLiveClient(settings),
} satisfies ClientDialect;

class GeminiLiveClient implements DialectClient {
  readonly #settings: SessionSettings;
  #turn = 1;
  #isReplying = false;
  #isInterrupted = false;
  /** Share of the caller's words of this turn that has been transcribed. */
  #transcribed: 'nothing' | 'partly' | 'all' = 'nothing';
  /** Id of the first caption of the provider's side in this turn: the caller's words are placed before it. */
  #firstCaptionId: string | undefined;

  constructor(settings: SessionSettings) {
    this.#settings = settings;
  }

  open(): Outgoing {
    return [setupMessage(this.#settings)];
  }

  read(message: DialectMessage) {
    const events: ViewEvent[] = [];
    if (message.setupComplete !== undefined) events.push({ kind: 'ready' });
    events.push(...this.#contentEvents(objectOrEmpty(message.serverContent)));
    for (const { id, name, args } of listOrEmpty(objectOrEmpty(message.toolCall).functionCalls)) {
      const call = { callId: textOrEmpty(id), name: textOrEmpty(name), arguments: JSON.stringify(args ?? {}) };
      this.#firstCaptionId ??= functionCaptionId(call.callId);
      events.push({ kind: 'tool-call', call });
    }
    const timeLeft = objectOrEmpty(message.goAway).timeLeft;
    if (message.goAway !== undefined) events.push({ kind: 'expiring', inText: textOrEmpty(timeLeft) });
    return { events, send: [] };
  }

  audio(base64: string): Outgoing {
    return [realtimeInput({ audio: { data: base64, mimeType: `audio/pcm;rate=${inputRateHz}` } })];
  }

  speechStart(): Outgoing {
    if (this.#isReplying) this.#transcribed = 'all';
    return [realtimeInput({ activityStart: {} })];
  }

  speechEnd(): Outgoing {
    return [realtimeInput({ activityEnd: {} })];
  }

  audioPause(): Outgoing {
    return [realtimeInput({ audioStreamEnd: true })];
  }

  say(text: string): Outgoing {
    return [{ clientContent: { turns: [{ role: 'user', parts: [{ text }] }], turnComplete: true } }];
  }

  answer(call: FunctionCallItem, output: DialectMessage): Outgoing {
    return [{ toolResponse: { functionResponses: [{ id: call.callId, name: call.name, response: output }] } }];
  }

  speechDrop = this.speechEnd;

  get #replyId(): string {
    return `reply-${this.#turn}`;
  }

  #contentEvents(content: DialectMessage): ViewEvent[] {
    const events: ViewEvent[] = this.#partEvents(listOrEmpty(objectOrEmpty(content.modelTurn).parts));
    const spoken = textOrEmpty(objectOrEmpty(content.outputTranscription).text);
    if (spoken !== '') {
      events.push(...this.#startReply());
      events.push({ kind: 'caption', side: 'provider', itemId: this.#replyId, delta: spoken, final: false });
    }
    events.push(...this.#transcriptEvents(objectOrEmpty(content.inputTranscription)));
    if (content.interrupted === true) {
      this.#isInterrupted = true;
      this.#transcribed = 'all';
      events.push({ kind: 'interrupted' });
    }
    if (content.generationComplete === true) events.push({ kind: 'audio-end', itemId: this.#replyId });
    if (content.turnComplete === true) events.push(...this.#endTurn());
    return events;
  }

  #partEvents(parts: readonly DialectMessage[]): ViewEvent[] {
    const events: ViewEvent[] = [];
    for (const part of parts) {
      const { data, mimeType } = objectOrEmpty(part.inlineData);
      if (typeof data === 'string') {
        const rateHz = rateOf(textOrEmpty(mimeType));
        events.push({ kind: 'audio', itemId: this.#replyId, contentIndex: 0, base64: data, rateHz });
      } else if (typeof part.text === 'string' && part.thought !== true) {
        events.push({ kind: 'caption', side: 'provider', itemId: this.#replyId, delta: part.text, final: false });
      }
    }
    return events.length === 0 ? [] : [...this.#startReply(), ...events];
  }

  #startReply(): ViewEvent[] {
    if (this.#isReplying) return [];
    this.#isReplying = true;
    this.#firstCaptionId ??= this.#replyId;
    // The caller's words count as complete now; some may still be added.
    const complete: ViewEvent = { kind: 'caption', side: 'you', itemId: `you-${this.#turn}`, delta: '', final: true };
    return [complete, { kind: 'reply-started' }];
  }

  #transcriptEvents(transcription: DialectMessage): ViewEvent[] {
    const delta = textOrEmpty(transcription.text);
    const finished = transcription.finished === true;
    if (delta === '' && !finished) return [];
    // Words that come after a turn's words are complete belong to the turn that follows.
    const isNext = this.#isReplying && this.#transcribed === 'all';
    if (!isNext) this.#transcribed = finished ? 'all' : 'partly';
    const itemId = `you-${isNext ? this.#turn + 1 : this.#turn}`;
    const before = isNext ? undefined : this.#firstCaptionId;
    return [{ kind: 'caption', side: 'you', itemId, delta, final: finished, before }];
  }

  #endTurn(): ViewEvent[] {
    const status = this.#isInterrupted ? 'cancelled' : 'completed';
    const events: ViewEvent[] = [
      { kind: 'audio-end', itemId: this.#replyId },
      { kind: 'caption', side: 'provider', itemId: this.#replyId, delta: '', final: true },
      { kind: 'reply-done', status, toolsPending: false },
    ];
    this.#turn += 1;
    this.#isReplying = false;
    this.#isInterrupted = false;
    this.#transcribed = 'nothing';
    this.#firstCaptionId = undefined;
    return events;
  }
}

const realtimeInput = (value: DialectMessage): DialectMessage => ({ realtimeInput: value });

function setupMessage(settings: SessionSettings): DialectMessage {
  const voice = { voiceConfig: { prebuiltVoiceConfig: { voiceName: settings.voice } } };
  const { name, description } = exampleTool;
  return {
    setup: {
      model: settings.model.startsWith('models/') ? settings.model : `models/${settings.model}`,
      generationConfig: {
        responseModalities: ['AUDIO'],
        ...(settings.voice === '' ? {} : { speechConfig: voice }),
      },
      ...(settings.instructions === '' ? {} : { systemInstruction: { parts: [{ text: settings.instructions }] } }),
      ...(settings.tools ? { tools: [{ functionDeclarations: [{ name, description }] }] } : {}),
      realtimeInputConfig: { automaticActivityDetection: { disabled: settings.turnTaking === 'manual' } },
      inputAudioTranscription: {},
      outputAudioTranscription: {},
    },
  };
}

function rateOf(mimeType: string): number {
  const rate = /rate=(\d+)/.exec(mimeType)?.[1];
  return rate === undefined ? outputRateHz : Number(rate);
}
