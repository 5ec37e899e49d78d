// The rehearsal of Gemini Live: one connection, from its setup to its goAway.
// Rule: there is no error message; whatever is wrong closes the connection with a code and a reason.

import type { Frame } from '../../../codecs/frame.ts';
import { durationMs } from '../../../codecs/pcm16.ts';
import type { Connection } from '../contract.ts';
import { createId } from '../random-id.ts';
import type { ProviderScript, ScriptRuntime } from '../script-runtime.ts';
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
import { addCounts, audioTokens, type Counts, IMAGE_TOKENS, NOTHING, textTokenCount, usageMetadata } from './usage.ts';

/** What the model answers next. */
interface Question {
  readonly prompt: ReplyPrompt;
  readonly playback?: AudioClip | undefined;
}

/** One Live connection. */
export class LiveScript implements ProviderScript {
  readonly #stage: ScriptRuntime;
  readonly #call: Connection;
  readonly #send: SendMessage;
  readonly #calls = new Map<string, string>();
  #setup: LiveSetup | undefined;
  #ear: TurnDetector | undefined;
  #turn: ModelTurn | undefined;
  #waiting: Question | undefined;
  #prompt: Counts = NOTHING;

  constructor(stage: ScriptRuntime, call: Connection) {
    this.#stage = stage;
    this.#call = call;
    this.#send = (message) => stage.send(JSON.stringify(message), call.options.binaryFrames);
  }

  opened(): void {
    const { afterMs, timeLeftMs } = this.#call.options.goAway;
    this.#stage.after(afterMs, () => {
      this.#send({ goAway: { timeLeft: `${timeLeftMs / 1000}s` } });
      this.#stage.after(timeLeftMs, () => this.#stage.close(1011, 'Deadline expired before operation could complete.'));
    });
  }

  received(frame: Frame): void {
    const message = readMessage(frame);
    const rejection = 'reason' in message ? message : this.#handle(message.kind, message.value);
    if (rejection) this.#stage.close(rejection.code, rejection.reason);
  }

  ended(): void {
    this.#ear?.free();
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
    this.#add({ ...NOTHING, text: textTokenCount(setup.instructions) });
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
    this.#add({ ...NOTHING, text: textTokenCount(text) });
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
    this.#add({ ...NOTHING, image: input.images * IMAGE_TOKENS });
    if (input.signal === 'start') this.#activityStarted(setup);
    for (const clip of input.audio) this.#hear(clip, setup);
    if (input.signal === 'end' || (input.signal === 'streamEnd' && this.#ear?.isSpeaking)) this.#activityEnded(setup);
    if (input.text !== undefined) this.#written(input.text);
    return undefined;
  }

  #written(text: string): void {
    this.#add({ ...NOTHING, text: textTokenCount(text) });
    this.#ask({ prompt: { kind: 'text', text } });
  }

  #hear({ samples, sampleRateHz }: AudioClip, setup: LiveSetup): void {
    const settings = { sampleRateHz, detection: setup.detection };
    const { voiceDetector, options } = this.#call;
    this.#ear ??= new TurnDetector({ createDetector: voiceDetector, keepMs: options.playbackMs, settings });
    this.#ear.configure(settings);
    for (const change of this.#ear.push(samples)) this.#changed(change, setup);
  }

  #changed(change: TurnEvent, setup: LiveSetup): void {
    this.#signal(change.kind === 'started' ? 'ACTIVITY_START' : 'ACTIVITY_END', change.audioMs, setup);
    if (change.kind === 'stopped') this.#heard(change.heard, setup);
    else if (setup.interrupts) this.#interrupt();
  }

  #activityStarted(setup: LiveSetup): void {
    // What came before is none of it.
    this.#ear?.reset();
    this.#signal('ACTIVITY_START', this.#ear?.positionMs ?? 0, setup);
    if (setup.interrupts) this.#interrupt();
  }

  #activityEnded(setup: LiveSetup): void {
    this.#signal('ACTIVITY_END', this.#ear?.positionMs ?? 0, setup);
    const silence: CallerTurn = { clip: { samples: new Int16Array(0), sampleRateHz: 16_000 }, inputMs: 0, speechMs: 0 };
    this.#heard(this.#ear?.takeTurn() ?? silence, setup);
  }

  #signal(voiceActivityType: string, audioMs: number, setup: LiveSetup): void {
    if (!setup.signalsVoice) return;
    this.#send({ voiceActivity: { voiceActivityType, audioOffset: `${(audioMs / 1000).toFixed(3)}s` } });
  }

  #heard({ clip, inputMs, speechMs }: CallerTurn, setup: LiveSetup): void {
    this.#add({ ...NOTHING, audio: audioTokens(inputMs) });
    if (setup.transcribesInput) this.#transcribe(speechTranscript(speechMs));
    const playback = durationMs(clip.samples.length, clip.sampleRateHz) > 0 ? clip : undefined;
    this.#ask({ prompt: { kind: 'speech', speechMs }, playback });
  }

  #transcribe(transcript: string): void {
    const { times } = this.#call.options;
    const stream = streamText({
      stage: this.#stage,
      tokenMs: times.tokenMs,
      pieces: textPieces(transcript),
      send: (text) => this.#send({ serverContent: { inputTranscription: { text } } }),
    });
    this.#stage.after(times.transcriptionMs, () => stream.start(() => {}));
  }

  /** Answers now, or after the turn in progress. */
  #ask(question: Question): void {
    if (this.#turn || this.#calls.size > 0) this.#waiting = question;
    else this.#answer(question);
  }

  #answer({ prompt, playback }: Question): void {
    const setup = this.#setup;
    if (!setup) return;
    this.#turn = new ModelTurn({
      stage: this.#stage,
      send: this.#send,
      options: this.#call.options,
      setup,
      prompt,
      playback,
      call: prompt.kind === 'tool' ? undefined : setup.functions[0],
      completed: (usage) => this.#completed(usage),
      called: ({ id, name }, usage) => {
        this.#calls.set(id, name);
        this.#turn = undefined;
        this.#bill(usage, {});
      },
    });
  }

  #completed(usage: Counts): void {
    this.#turn = undefined;
    this.#bill(usage, { serverContent: { turnComplete: true } });
    this.#offerResumption();
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) this.#answer(waiting);
  }

  #bill(usage: Counts, message: Readonly<Record<string, unknown>>): void {
    this.#send({ ...message, usageMetadata: usageMetadata(this.#prompt, usage) });
    this.#add(usage);
  }

  /** The caller takes the floor: the turn in progress ends, and calls without a result are withdrawn. */
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
    for (const response of responses) this.#answered(response);
    return undefined;
  }

  /** A result without a call is late, after an interruption: it is ignored. */
  #answered({ id, response, willContinue }: FunctionResponse): void {
    const name = this.#calls.get(id);
    if (name === undefined || willContinue) return;
    this.#calls.delete(id);
    const output = JSON.stringify(response ?? {});
    this.#add({ ...NOTHING, text: textTokenCount(output) });
    this.#answer({ prompt: { kind: 'tool', name, output } });
  }

  #offerResumption(): void {
    if (!this.#setup?.resumable) return;
    this.#send({ sessionResumptionUpdate: { newHandle: resumptionHandle(createId('', 24)), resumable: true } });
  }

  #add(counts: Counts): void {
    this.#prompt = addCounts(this.#prompt, counts);
  }
}
