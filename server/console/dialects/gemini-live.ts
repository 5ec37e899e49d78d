// Gemini Live: one JSON object per message, whose keys may be combined. It has no ids of its own for turns,
// so they are numbered here; transcripts of the caller are not ordered relative to the reply.

import {
  type Dialect,
  type Dialog,
  listOf,
  type Message,
  objectOf,
  type Settings,
  textOf,
  toolItemId,
  type ViewEvent,
} from './dialect.ts';
import { exampleTool } from './example-tool.ts';

const inputRateHz = 16_000;
const outputRateHz = 24_000;

export const geminiLive: Dialect = {
  name: 'gemini-live',
  inputRateHz,
  preferredPath: '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent',
  models: { voice: ['gemini-3.8-live', 'gemini-live-2.5-flash-preview'], text: [] },
  voices: ['Puck', 'Charon', 'Kore', 'Fenrir', 'Aoede', 'Leda', 'Orus', 'Zephyr'],
  address: (_settings, key) => ({ query: key === '' ? ({} as Record<string, string>) : { key }, protocols: [] }),
  dialog: geminiLiveDialog,
};

function setup(settings: Settings): Message {
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

export function geminiLiveDialog(settings: Settings): Dialog {
  let turn = 1;
  let replying = false;
  let heard: 'nothing' | 'partly' | 'all' = 'nothing';
  /** What the turn shows first of the provider's side: the caller's words go before it. */
  let firstItem: string | undefined;
  const replyId = () => `reply-${turn}`;
  const realtimeInput = (value: Message): Message => ({ realtimeInput: value });

  function startReply(): ViewEvent[] {
    if (replying) return [];
    replying = true;
    firstItem ??= replyId();
    // The caller's words count as complete now; some may still be added.
    const heardAll: ViewEvent = { kind: 'caption', side: 'you', itemId: `you-${turn}`, delta: '', final: true };
    return [heardAll, { kind: 'reply-started', replyId: replyId() }];
  }

  function readParts(parts: readonly Message[]): ViewEvent[] {
    const events: ViewEvent[] = [];
    for (const part of parts) {
      const { data, mimeType } = objectOf(part.inlineData);
      if (typeof data === 'string') {
        const rateHz = rateOf(textOf(mimeType));
        events.push({ kind: 'audio', itemId: replyId(), contentIndex: 0, base64: data, rateHz });
      } else if (typeof part.text === 'string' && part.thought !== true) {
        events.push({ kind: 'caption', side: 'provider', itemId: replyId(), delta: part.text, final: false });
      }
    }
    return events.length === 0 ? [] : [...startReply(), ...events];
  }

  function readHeard(transcription: Message): ViewEvent[] {
    const delta = textOf(transcription.text);
    const finished = transcription.finished === true;
    if (delta === '' && !finished) return [];
    // Once a turn's words are complete, further ones belong to the turn that follows.
    const next = replying && heard === 'all' ? turn + 1 : turn;
    if (next === turn) heard = finished ? 'all' : 'partly';
    const before = next === turn ? firstItem : undefined;
    return [{ kind: 'caption', side: 'you', itemId: `you-${next}`, delta, final: finished, before }];
  }

  function endTurn(status: 'completed' | 'cancelled'): ViewEvent[] {
    const events: ViewEvent[] = [
      { kind: 'audio-end', itemId: replyId() },
      { kind: 'caption', side: 'provider', itemId: replyId(), delta: '', final: true },
      { kind: 'reply-done', status, toolsPending: false },
    ];
    turn += 1;
    replying = false;
    heard = 'nothing';
    firstItem = undefined;
    return events;
  }

  let interrupted = false;
  function readContent(content: Message): ViewEvent[] {
    const events: ViewEvent[] = readParts(listOf(objectOf(content.modelTurn).parts));
    const spoken = textOf(objectOf(content.outputTranscription).text);
    if (spoken !== '') {
      events.push(...startReply());
      events.push({ kind: 'caption', side: 'provider', itemId: replyId(), delta: spoken, final: false });
    }
    events.push(...readHeard(objectOf(content.inputTranscription)));
    if (content.interrupted === true) {
      interrupted = true;
      heard = 'all';
      events.push({ kind: 'interrupted' });
    }
    if (content.generationComplete === true) events.push({ kind: 'audio-end', itemId: replyId() });
    if (content.turnComplete === true) {
      events.push(...endTurn(interrupted ? 'cancelled' : 'completed'));
      interrupted = false;
    }
    return events;
  }

  function read(message: Message): ViewEvent[] {
    const events: ViewEvent[] = [];
    if (message.setupComplete !== undefined) events.push({ kind: 'ready' });
    events.push(...readContent(objectOf(message.serverContent)));
    for (const { id, name, args } of listOf(objectOf(message.toolCall).functionCalls)) {
      const call = { callId: textOf(id), name: textOf(name), arguments: JSON.stringify(args ?? {}) };
      firstItem ??= toolItemId(call.callId);
      events.push({ kind: 'tool-call', call });
    }
    const timeLeft = objectOf(message.goAway).timeLeft;
    if (message.goAway !== undefined) events.push({ kind: 'expiring', inText: textOf(timeLeft) });
    return events;
  }

  return {
    open: () => [setup(settings)],
    read: (message) => ({ events: read(message), send: [] }),
    audio: (base64) => [realtimeInput({ audio: { data: base64, mimeType: `audio/pcm;rate=${inputRateHz}` } })],
    speechStart() {
      if (replying) heard = 'all';
      return [realtimeInput({ activityStart: {} })];
    },
    speechEnd: () => [realtimeInput({ activityEnd: {} })],
    speechDrop: () => [realtimeInput({ activityEnd: {} })],
    audioPause: () => [realtimeInput({ audioStreamEnd: true })],
    say(text) {
      return [{ clientContent: { turns: [{ role: 'user', parts: [{ text }] }], turnComplete: true } }];
    },
    cancel: () => [],
    truncate: () => [],
    answer(call, output) {
      return [{ toolResponse: { functionResponses: [{ id: call.callId, name: call.name, response: output }] } }];
    },
  };
}

function rateOf(mimeType: string): number {
  const rate = /rate=(\d+)/.exec(mimeType)?.[1];
  return rate === undefined ? outputRateHz : Number(rate);
}
