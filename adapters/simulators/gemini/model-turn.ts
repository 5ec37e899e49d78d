// One turn of the Gemini Live model: thinking, streaming, then waiting until it was played.
// Rule: an interrupted turn has no generationComplete; every turn has exactly one turnComplete, unless it calls a function.

import { encodeBase64 } from '../../../codecs/base64.ts';
import { pcm16Bytes } from '../../../codecs/pcm16.ts';
import type { SimulatorOptions } from '../contract.ts';
import { createId } from '../random-id.ts';
import type { ScriptRuntime, VirtualTimer } from '../script-runtime.ts';
import { argumentsFor } from '../voice/arguments.ts';
import type { AudioClip } from '../voice/reply-audio.ts';
import { type ReplyPrompt, replyText, textPieces } from '../voice/reply-text.ts';
import { type ReplyStream, streamText, streamVoice, type TextStream, type VoiceStream } from '../voice/streams.ts';
import type { FunctionDeclaration, LiveSetup } from './setup.ts';
import { audioTokens, type Counts, NOTHING, textTokenCount } from './usage.ts';

const OUTPUT_RATE_HZ = 24_000;
const OUTPUT_TYPE = `audio/pcm;rate=${OUTPUT_RATE_HZ}`;

/** A message, or several of its keys at once. */
export type SendMessage = (message: Readonly<Record<string, unknown>>) => void;

/** What a turn of the model is made of, and who hears of its end. */
export interface TurnSetup {
  readonly stage: ScriptRuntime;
  readonly send: SendMessage;
  readonly options: SimulatorOptions;
  readonly setup: LiveSetup;
  readonly prompt: ReplyPrompt;
  readonly playback: AudioClip | undefined;
  /** The model calls this function instead of answering. */
  readonly call: FunctionDeclaration | undefined;
  /** The turn is over: `usage` is what it produced. */
  readonly completed: (usage: Counts) => void;
  /** A function was called; the turn goes on with its result. */
  readonly called: (call: { readonly id: string; readonly name: string }, usage: Counts) => void;
}

/** A turn in progress. */
export class ModelTurn {
  readonly #turn: TurnSetup;
  readonly #text: TextStream;
  readonly #voice: VoiceStream | undefined;
  #step: VirtualTimer;
  #ended = false;

  constructor(turn: TurnSetup) {
    this.#turn = turn;
    const text = replyText(turn.prompt);
    const { times } = turn.options;
    const spoken = turn.setup.modality === 'AUDIO' && !turn.call;
    this.#voice = spoken ? this.#createVoice(text) : undefined;
    this.#text = this.#createText(text, spoken);
    this.#step = turn.stage.after(spoken ? times.firstAudioMs : times.firstTextMs, () => this.#begin());
  }

  /** The caller spoke into it. */
  interrupt(): void {
    if (this.#ended) return;
    this.#cancel();
    this.#turn.send({ serverContent: { interrupted: true } });
    this.#turn.completed(this.#usage());
  }

  #begin(): void {
    if (this.#turn.call) {
      this.#callFunction(this.#turn.call);
      return;
    }
    const startedAtMs = this.#turn.stage.nowMs;
    const streams: readonly ReplyStream[] = this.#voice ? [this.#text, this.#voice] : [this.#text];
    let running = streams.length;
    for (const stream of streams) {
      stream.start(() => {
        running -= 1;
        if (running === 0) this.#generated(startedAtMs);
      });
    }
  }

  #generated(startedAtMs: number): void {
    this.#turn.send({ serverContent: { generationComplete: true } });
    const playedAtMs = startedAtMs + (this.#turn.options.awaitPlayback ? (this.#voice?.sentMs() ?? 0) : 0);
    this.#step = this.#turn.stage.after(Math.max(0, playedAtMs - this.#turn.stage.nowMs), () => {
      this.#cancel();
      this.#turn.completed(this.#usage());
    });
  }

  #callFunction({ name, parameters, parametersJsonSchema }: FunctionDeclaration): void {
    this.#cancel();
    const id = createId('function-call-', 16);
    const args = argumentsFor(parametersJsonSchema ?? parameters);
    this.#turn.send({ toolCall: { functionCalls: [{ id, name, args }] } });
    this.#turn.called({ id, name }, { ...NOTHING, text: textTokenCount(name + JSON.stringify(args)) });
  }

  #cancel(): void {
    this.#ended = true;
    this.#step.cancel();
    this.#text.cancel();
    this.#voice?.cancel();
  }

  #createText(text: string, spoken: boolean): TextStream {
    const { stage, options, setup, send } = this.#turn;
    const sendPiece = (piece: string): void => {
      if (!spoken) send({ serverContent: { modelTurn: { role: 'model', parts: [{ text: piece }] } } });
      else if (setup.transcribesOutput) send({ serverContent: { outputTranscription: { text: piece } } });
    };
    return streamText({ stage, tokenMs: options.times.tokenMs, pieces: textPieces(text), send: sendPiece });
  }

  #createVoice(text: string): VoiceStream {
    const { stage, options, playback, send } = this.#turn;
    return streamVoice({
      stage,
      times: options.times,
      spoken: { text, sampleRateHz: OUTPUT_RATE_HZ, playback },
      send: (samples) => {
        const inlineData = { mimeType: OUTPUT_TYPE, data: encodeBase64(pcm16Bytes(samples)) };
        send({ serverContent: { modelTurn: { parts: [{ inlineData }] } } });
      },
    });
  }

  #usage(): Counts {
    if (this.#voice) return { ...NOTHING, audio: audioTokens(this.#voice.sentMs()) };
    return { ...NOTHING, text: textTokenCount(this.#text.sentText()) };
  }
}
