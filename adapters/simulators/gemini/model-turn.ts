// A turn of the Gemini Live model: it thinks, streams, then waits until it was played.
// Rule: an interrupted turn has no generationComplete; every turn has exactly one turnComplete, unless it calls a function.

import { pcm16Bytes } from '../../../codecs/audio/pcm16.ts';
import { encodeBase64 } from '../../../codecs/text/base64.ts';
import type { SimulatorOptions } from '../contract.ts';
import { createId } from '../random-id.ts';
import type { ScriptRuntime, VirtualTimer } from '../script-runtime.ts';
import { NO_TOKENS, type TokenCounts, textTokenCount } from '../tokens.ts';
import { type AskedCall, askedCall } from '../tool-call.ts';
import { type ReplyPrompt, replyText, textPieces } from '../voice/reply-text.ts';
import { startTogether, streamText, streamVoice, type TextStream, type VoiceStream } from '../voice/streams.ts';
import type { LiveSetup } from './setup.ts';
import { audioTokens } from './usage.ts';

const OUTPUT_RATE_HZ = 24_000;
const OUTPUT_TYPE = `audio/pcm;rate=${OUTPUT_RATE_HZ}`;

export type SendMessage = (message: Readonly<Record<string, unknown>>) => void;

interface TurnSetup {
  readonly runtime: ScriptRuntime;
  readonly send: SendMessage;
  readonly options: SimulatorOptions;
  readonly setup: LiveSetup;
  readonly prompt: ReplyPrompt;
  /** Called when the turn is over, with the tokens that it produced. */
  readonly completed: (usage: TokenCounts) => void;
  /** Called instead when a function was called; the turn goes on with its result. */
  readonly called: (call: { readonly id: string; readonly name: string }, usage: TokenCounts) => void;
}

export class ModelTurn {
  readonly #turn: TurnSetup;
  /** The call that the model makes instead of answering. */
  readonly #call: AskedCall | undefined;
  readonly #text: TextStream;
  readonly #voice: VoiceStream | undefined;
  #timer: VirtualTimer;
  #isEnded = false;

  constructor(turn: TurnSetup) {
    this.#turn = turn;
    const { runtime, options, setup, prompt } = turn;
    this.#call = askedCall(setup.functions, prompt);
    const isSpoken = setup.modality === 'AUDIO' && !this.#call;
    this.#voice = isSpoken ? this.#createVoice() : undefined;
    this.#text = this.#createText(isSpoken);
    const { firstAudioMs, firstTextMs } = options.times;
    this.#timer = runtime.after(isSpoken ? firstAudioMs : firstTextMs, () => this.#begin());
  }

  /** Ends the turn because the caller speaks. */
  interrupt(): void {
    if (this.#isEnded) return;
    this.#cancel();
    this.#turn.send({ serverContent: { interrupted: true } });
    this.#turn.completed(this.#usage());
  }

  #begin(): void {
    if (this.#call) return void this.#callFunction(this.#call);
    const startedAtMs = this.#turn.runtime.nowMs;
    const streams = this.#voice ? [this.#text, this.#voice] : [this.#text];
    startTogether(streams, () => this.#generated(startedAtMs));
  }

  #generated(startedAtMs: number): void {
    this.#turn.send({ serverContent: { generationComplete: true } });
    const playedAtMs = startedAtMs + (this.#turn.options.awaitPlayback ? (this.#voice?.sentMs() ?? 0) : 0);
    this.#timer = this.#turn.runtime.after(Math.max(0, playedAtMs - this.#turn.runtime.nowMs), () => {
      this.#cancel();
      this.#turn.completed(this.#usage());
    });
  }

  #callFunction({ name, args }: AskedCall): void {
    this.#cancel();
    const id = createId('function-call-', 16);
    this.#turn.send({ toolCall: { functionCalls: [{ id, name, args }] } });
    this.#turn.called({ id, name }, { ...NO_TOKENS, text: textTokenCount(name + JSON.stringify(args)) });
  }

  #cancel(): void {
    this.#isEnded = true;
    this.#timer.cancel();
    this.#text.cancel();
    this.#voice?.cancel();
  }

  #createText(isSpoken: boolean): TextStream {
    const { runtime, options, setup, prompt, send } = this.#turn;
    const sendPiece = (text: string): void => {
      if (!isSpoken) send({ serverContent: { modelTurn: { role: 'model', parts: [{ text }] } } });
      else if (setup.transcribesOutput) send({ serverContent: { outputTranscription: { text } } });
    };
    const pieces = textPieces(replyText(prompt));
    return streamText({ runtime, tokenMs: options.times.tokenMs, pieces, send: sendPiece });
  }

  #createVoice(): VoiceStream {
    const { runtime, options, prompt, send } = this.#turn;
    const sendPiece = (samples: Int16Array): void => {
      const inlineData = { mimeType: OUTPUT_TYPE, data: encodeBase64(pcm16Bytes(samples)) };
      send({ serverContent: { modelTurn: { parts: [{ inlineData }] } } });
    };
    return streamVoice({ runtime, times: options.times, prompt, sampleRateHz: OUTPUT_RATE_HZ, send: sendPiece });
  }

  #usage(): TokenCounts {
    if (this.#voice) return { ...NO_TOKENS, audio: audioTokens(this.#voice.sentMs()) };
    return { ...NO_TOKENS, text: textTokenCount(this.#text.sentText()) };
  }
}
