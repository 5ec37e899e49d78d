// The script of Gemini Live: one connection, from its setup to its goAway.
// Rule: the dialect has no error message, so a mistake closes the connection with a code and a reason.

import type { Frame } from '../../../codecs/frame.ts';
import { durationMs } from '../../../codecs/pcm16.ts';
import type { Connection } from '../contract.ts';
import { createId } from '../random-id.ts';
import type { ProviderScript, ScriptRuntime } from '../script-runtime.ts';
import { addTokens, NO_TOKENS, type TokenCounts, textTokenCount } from '../tokens.ts';
import type { AudioClip } from '../voice/reply-audio.ts';
import { type ReplyPrompt, speechTranscript, textPieces } from '../voice/reply-text.ts';
import { streamText } from '../voice/streams.ts';
import { type CallerTurn, TurnDetector, type TurnEvent } from '../voice/turn-detector.ts';
import {
  type ClientMessageKind,
  type FunctionResponse,
  readClientContent,
  readMessage,
  readRealtimeInput,
  readToolResponse,
} from './messages.ts';
import { ModelTurn, type SendMessage } from './model-turn.ts';
import {
  type ConnectionClose,
  contentText,
  type LiveSetup,
  readSetup,
  resumptionHandle,
  updateContext,
} from './setup.ts';
import { audioTokens, GEMINI_IMAGE_TOKENS, usageMetadata } from './usage.ts';

/** An input that the model is to answer. */
interface ModelInput {
  readonly prompt: ReplyPrompt;
  readonly playback?: AudioClip | undefined;
}

export class LiveScript implements ProviderScript {
  readonly #runtime: ScriptRuntime;
  readonly #connection: Connection;
  readonly #send: SendMessage;
  /** Names of the function calls that wait for a result, by id. */
  readonly #calls = new Map<string, string>();
  #setup: LiveSetup | undefined;
  #turnDetector: TurnDetector | undefined;
  #turn: ModelTurn | undefined;
  #waiting: ModelInput | undefined;
  #promptTokens: TokenCounts = NO_TOKENS;

  constructor(runtime: ScriptRuntime, connection: Connection) {
    this.#runtime = runtime;
    this.#connection = connection;
    this.#send = (message) => runtime.send(JSON.stringify(message), connection.options.binaryFrames);
  }

  opened(): void {
    const { afterMs, timeLeftMs } = this.#connection.options.goAway;
    this.#runtime.after(afterMs, () => {
      this.#send({ goAway: { timeLeft: `${timeLeftMs / 1000}s` } });
      this.#runtime.after(timeLeftMs, () =>
        this.#runtime.close(1011, 'Deadline expired before operation could complete.'),
      );
    });
  }

  received(frame: Frame): void {
    const message = readMessage(frame);
    const rejection = 'reason' in message ? message : this.#handle(message.kind, message.value);
    if (rejection) this.#runtime.close(rejection.code, rejection.reason);
  }

  ended(): void {
    this.#turnDetector?.free();
  }

  #handle(kind: ClientMessageKind, value: unknown): ConnectionClose | undefined {
    if (!this.#setup || kind === 'setup') return this.#begin(kind, value);
    switch (kind) {
      case 'clientContent':
        return this.#clientContent(value);
      case 'realtimeInput':
        return this.#realtimeInput(value, this.#setup);
      case 'toolResponse':
        return this.#toolResponse(value);
      case 'contextUpdate':
        return this.#contextUpdate(value, this.#setup);
    }
  }

  #begin(kind: ClientMessageKind, value: unknown): ConnectionClose | undefined {
    if (kind !== 'setup' || this.#setup) {
      return { code: 1007, reason: 'setup must be the first message, and only the first.' };
    }
    const setup = readSetup(value);
    if ('reason' in setup) return setup;
    this.#setup = setup;
    this.#add({ ...NO_TOKENS, text: textTokenCount(setup.instructions) });
    this.#send({ setupComplete: { sessionId: createId('', 24) } });
    this.#offerResumption();
    return undefined;
  }

  #contextUpdate(value: unknown, setup: LiveSetup): ConnectionClose | undefined {
    const updated = updateContext(setup, value);
    if ('reason' in updated) return updated;
    this.#setup = updated;
    return undefined;
  }

  #clientContent(value: unknown): ConnectionClose | undefined {
    const content = readClientContent(value);
    if ('reason' in content) return content;
    const text = contentText(content.turns);
    this.#add({ ...NO_TOKENS, text: textTokenCount(text) });
    this.#interrupt();
    const last = contentText(content.turns.at(-1));
    if (content.turnComplete) this.#ask({ prompt: last ? { kind: 'text', text: last } : { kind: 'silence' } });
    return undefined;
  }

  #realtimeInput(value: unknown, setup: LiveSetup): ConnectionClose | undefined {
    const input = readRealtimeInput(value);
    if ('reason' in input) return input;
    if (setup.detection && (input.signal === 'start' || input.signal === 'end')) {
      return { code: 1007, reason: 'Explicit activity control is not supported with automatic activity detection.' };
    }
    this.#add({ ...NO_TOKENS, image: input.images * GEMINI_IMAGE_TOKENS });
    if (input.signal === 'start') this.#activityStarted(setup);
    for (const clip of input.audio) this.#pushAudio(clip, setup);
    if (input.signal === 'end' || (input.signal === 'streamEnd' && this.#turnDetector?.isSpeaking))
      this.#activityEnded(setup);
    if (input.text !== undefined) this.#answerText(input.text);
    return undefined;
  }

  #answerText(text: string): void {
    this.#add({ ...NO_TOKENS, text: textTokenCount(text) });
    this.#ask({ prompt: { kind: 'text', text } });
  }

  #pushAudio({ samples, sampleRateHz }: AudioClip, setup: LiveSetup): void {
    const settings = { sampleRateHz, detection: setup.detection };
    const { voiceDetector, options } = this.#connection;
    this.#turnDetector ??= new TurnDetector({ createDetector: voiceDetector, keepMs: options.playbackMs, settings });
    this.#turnDetector.configure(settings);
    for (const event of this.#turnDetector.push(samples)) this.#turnEvent(event, setup);
  }

  #turnEvent(event: TurnEvent, setup: LiveSetup): void {
    this.#signal(event.kind === 'started' ? 'ACTIVITY_START' : 'ACTIVITY_END', event.audioMs, setup);
    if (event.kind === 'stopped') this.#answerTurn(event.turn, setup);
    else if (setup.interrupts) this.#interrupt();
  }

  #activityStarted(setup: LiveSetup): void {
    // Audio before the start belongs to no turn.
    this.#turnDetector?.reset();
    this.#signal('ACTIVITY_START', this.#turnDetector?.positionMs ?? 0, setup);
    if (setup.interrupts) this.#interrupt();
  }

  #activityEnded(setup: LiveSetup): void {
    this.#signal('ACTIVITY_END', this.#turnDetector?.positionMs ?? 0, setup);
    const silence: CallerTurn = { clip: { samples: new Int16Array(0), sampleRateHz: 16_000 }, inputMs: 0, speechMs: 0 };
    this.#answerTurn(this.#turnDetector?.takeTurn() ?? silence, setup);
  }

  #signal(voiceActivityType: string, audioMs: number, setup: LiveSetup): void {
    if (!setup.signalsVoice) return;
    this.#send({ voiceActivity: { voiceActivityType, audioOffset: `${(audioMs / 1000).toFixed(3)}s` } });
  }

  #answerTurn({ clip, inputMs, speechMs }: CallerTurn, setup: LiveSetup): void {
    this.#add({ ...NO_TOKENS, audio: audioTokens(inputMs) });
    if (setup.transcribesInput) this.#transcribe(speechTranscript(speechMs));
    const playback = durationMs(clip.samples.length, clip.sampleRateHz) > 0 ? clip : undefined;
    this.#ask({ prompt: { kind: 'speech', speechMs }, playback });
  }

  #transcribe(transcript: string): void {
    const { times } = this.#connection.options;
    const stream = streamText({
      runtime: this.#runtime,
      tokenMs: times.tokenMs,
      pieces: textPieces(transcript),
      send: (text) => this.#send({ serverContent: { inputTranscription: { text } } }),
    });
    this.#runtime.after(times.transcriptionMs, () => stream.start(() => {}));
  }

  /** Answers now, or after the turn in progress. */
  #ask(input: ModelInput): void {
    if (this.#turn || this.#calls.size > 0) this.#waiting = input;
    else this.#answer(input);
  }

  #answer({ prompt, playback }: ModelInput): void {
    const setup = this.#setup;
    if (!setup) return;
    this.#turn = new ModelTurn({
      runtime: this.#runtime,
      send: this.#send,
      options: this.#connection.options,
      setup,
      prompt,
      playback,
      declaration: prompt.kind === 'tool' ? undefined : setup.functions[0],
      completed: (usage) => this.#completed(usage),
      called: ({ id, name }, usage) => {
        this.#calls.set(id, name);
        this.#turn = undefined;
        this.#reportUsage(usage, {});
      },
    });
  }

  #completed(usage: TokenCounts): void {
    this.#turn = undefined;
    this.#reportUsage(usage, { serverContent: { turnComplete: true } });
    this.#offerResumption();
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) this.#answer(waiting);
  }

  #reportUsage(usage: TokenCounts, message: Readonly<Record<string, unknown>>): void {
    this.#send({ ...message, usageMetadata: usageMetadata(this.#promptTokens, usage) });
    this.#add(usage);
  }

  /** Ends the turn in progress because the caller speaks. Calls without a result are cancelled. */
  #interrupt(): void {
    this.#waiting = undefined;
    if (this.#calls.size > 0) {
      this.#send({ toolCallCancellation: { ids: [...this.#calls.keys()] } });
      this.#calls.clear();
      this.#send({ serverContent: { interrupted: true } });
      this.#send({ serverContent: { turnComplete: true } });
    }
    this.#turn?.interrupt();
  }

  #toolResponse(value: unknown): ConnectionClose | undefined {
    const responses = readToolResponse(value);
    if ('reason' in responses) return responses;
    for (const response of responses) this.#resultReceived(response);
    return undefined;
  }

  /** Ignores a result without a call: it came after an interruption. */
  #resultReceived({ id, response, willContinue }: FunctionResponse): void {
    const name = this.#calls.get(id);
    if (name === undefined || willContinue) return;
    this.#calls.delete(id);
    const output = JSON.stringify(response ?? {});
    this.#add({ ...NO_TOKENS, text: textTokenCount(output) });
    this.#answer({ prompt: { kind: 'tool', name, output } });
  }

  #offerResumption(): void {
    if (!this.#setup?.resumable) return;
    this.#send({ sessionResumptionUpdate: { newHandle: resumptionHandle(createId('', 24)), resumable: true } });
  }

  #add(counts: TokenCounts): void {
    this.#promptTokens = addTokens(this.#promptTokens, counts);
  }
}
