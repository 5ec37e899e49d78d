// The script of Gemini Live: one connection, from its setup to its goAway.
// Rule: the dialect has no error message, so a mistake closes the connection with a code and a reason.

import type { Frame } from '../../../codecs/websocket/frame.ts';
import type { Connection } from '../contract.ts';
import { createId } from '../random-id.ts';
import type { ProviderScript, ScriptRuntime } from '../script-runtime.ts';
import { addTokens, NO_TOKENS, type TokenCounts, textTokenCount } from '../tokens.ts';
import type { AudioClip } from '../voice/reply-audio.ts';
import { type ReplyPrompt, speechTranscript, textPieces } from '../voice/reply-text.ts';
import { streamText } from '../voice/streams.ts';
import { type CallerTurn, TurnDetector, type TurnEvent } from '../voice/turn-detector.ts';
import { readClientContent, readMessage, readRealtimeInput, readToolResponse } from './messages.ts';
import { ModelTurn, type SendMessage } from './model-turn.ts';
import { ConnectionClose, contentText, type LiveSetup, readSetup, resumptionHandle, updateContext } from './setup.ts';
import { audioTokens, GEMINI_IMAGE_TOKENS, usageMetadata } from './usage.ts';

type LaterMessage = Exclude<ReturnType<typeof readMessage>['kind'], 'setup'>;

const SETUP_FIRST = 'setup must be the first message, and only the first.';

export class LiveScript implements ProviderScript {
  readonly #runtime: ScriptRuntime;
  readonly #connection: Connection;
  readonly #send: SendMessage;
  /** Names of the function calls that wait for a result, by id. */
  readonly #calls = new Map<string, string>();
  readonly #handlers: Readonly<Record<LaterMessage, (value: unknown, setup: LiveSetup) => void>> = {
    clientContent: (value) => this.#clientContent(readClientContent(value)),
    contextUpdate: (value, setup) => {
      this.#given = updateContext(setup, value);
    },
    realtimeInput: (value) => this.#realtimeInput(readRealtimeInput(value)),
    toolResponse: (value) => {
      for (const response of readToolResponse(value)) this.#resultReceived(response);
    },
  };
  #given: LiveSetup | undefined;
  #turnDetector: TurnDetector | undefined;
  #turn: ModelTurn | undefined;
  #waiting: ReplyPrompt | undefined;
  #promptTokens: TokenCounts = NO_TOKENS;

  constructor(runtime: ScriptRuntime, connection: Connection) {
    this.#runtime = runtime;
    this.#connection = connection;
    this.#send = (message) => runtime.send(JSON.stringify(message), connection.options.binaryFrames);
  }

  /** The client's setup. @throws ConnectionClose before it has come. */
  get #setup(): LiveSetup {
    if (this.#given) return this.#given;
    throw new ConnectionClose(SETUP_FIRST);
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
    try {
      const { kind, value } = readMessage(frame);
      if (kind === 'setup') this.#begin(value);
      else this.#handlers[kind](value, this.#setup);
    } catch (error) {
      if (!(error instanceof ConnectionClose)) throw error;
      this.#runtime.close(error.code, error.message);
    }
  }

  ended(): void {
    this.#turnDetector?.free();
  }

  #begin(value: unknown): void {
    if (this.#given) throw new ConnectionClose(SETUP_FIRST);
    this.#given = readSetup(value);
    this.#add({ text: textTokenCount(this.#given.instructions) });
    this.#send({ setupComplete: { sessionId: createId('', 24) } });
    this.#offerResumption();
  }

  #clientContent({ turns, turnComplete }: ReturnType<typeof readClientContent>): void {
    this.#add({ text: textTokenCount(contentText(turns)) });
    this.#interrupt();
    const last = contentText(turns.at(-1));
    if (turnComplete) this.#ask(last ? { kind: 'text', text: last } : { kind: 'silence' });
  }

  #realtimeInput({ audio, images, text, isStart, isEnd, isStreamEnd }: ReturnType<typeof readRealtimeInput>): void {
    if (this.#setup.detection && (isStart || isEnd)) {
      throw new ConnectionClose('Explicit activity control is not supported with automatic activity detection.');
    }
    this.#add({ image: images * GEMINI_IMAGE_TOKENS });
    if (isStart) this.#activityStarted();
    for (const clip of audio) this.#pushAudio(clip);
    if (isEnd || (isStreamEnd && this.#turnDetector?.isSpeaking)) this.#activityEnded();
    if (text === undefined) return;
    this.#add({ text: textTokenCount(text) });
    this.#ask({ kind: 'text', text });
  }

  #pushAudio({ samples, sampleRateHz }: AudioClip): void {
    const settings = { sampleRateHz, detection: this.#setup.detection };
    const { voiceDetector, options } = this.#connection;
    this.#turnDetector ??= new TurnDetector({ createDetector: voiceDetector, keepMs: options.playbackMs, settings });
    this.#turnDetector.configure(settings);
    for (const event of this.#turnDetector.push(samples)) this.#turnEvent(event);
  }

  #turnEvent(event: TurnEvent): void {
    this.#signal(event.kind === 'started' ? 'ACTIVITY_START' : 'ACTIVITY_END', event.audioMs);
    if (event.kind === 'stopped') this.#answerTurn(event.turn);
    else if (this.#setup.interrupts) this.#interrupt();
  }

  #activityStarted(): void {
    // Audio before the start belongs to no turn.
    this.#turnDetector?.reset();
    this.#signal('ACTIVITY_START');
    if (this.#setup.interrupts) this.#interrupt();
  }

  #activityEnded(): void {
    this.#signal('ACTIVITY_END');
    const silence: CallerTurn = { clip: { samples: new Int16Array(0), sampleRateHz: 16_000 }, inputMs: 0, speechMs: 0 };
    this.#answerTurn(this.#turnDetector?.takeTurn() ?? silence);
  }

  #signal(voiceActivityType: string, audioMs = this.#turnDetector?.positionMs ?? 0): void {
    if (!this.#setup.signalsVoice) return;
    this.#send({ voiceActivity: { voiceActivityType, audioOffset: `${(audioMs / 1000).toFixed(3)}s` } });
  }

  #answerTurn({ clip, inputMs, speechMs }: CallerTurn): void {
    this.#add({ audio: audioTokens(inputMs) });
    if (this.#setup.transcribesInput) this.#transcribe(speechTranscript(speechMs));
    this.#ask({ kind: 'speech', speechMs, playback: clip.samples.length > 0 ? clip : undefined });
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
  #ask(prompt: ReplyPrompt): void {
    if (this.#turn || this.#calls.size > 0) this.#waiting = prompt;
    else this.#answer(prompt);
  }

  #answer(prompt: ReplyPrompt): void {
    this.#turn = new ModelTurn({
      runtime: this.#runtime,
      send: this.#send,
      options: this.#connection.options,
      setup: this.#setup,
      prompt,
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

  /** Ignores a result without a call: it came after an interruption. */
  #resultReceived({ id, response, willContinue }: ReturnType<typeof readToolResponse>[number]): void {
    const name = this.#calls.get(id);
    if (name === undefined || willContinue) return;
    this.#calls.delete(id);
    const output = JSON.stringify(response ?? {});
    this.#add({ text: textTokenCount(output) });
    this.#answer({ kind: 'tool', name, output });
  }

  #offerResumption(): void {
    if (!this.#setup.resumable) return;
    this.#send({ sessionResumptionUpdate: { newHandle: resumptionHandle(createId('', 24)), resumable: true } });
  }

  #add(counts: Partial<TokenCounts>): void {
    this.#promptTokens = addTokens(this.#promptTokens, { ...NO_TOKENS, ...counts });
  }
}
