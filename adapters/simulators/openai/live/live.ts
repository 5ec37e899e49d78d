// The script of OpenAI Live: both sides speak at any time, and nothing of it is a turn on the wire.
// Rule: the first event starts the session; from then on it sends audio until it is closed.

import { durationMs } from '../../../../codecs/audio/pcm16.ts';
import { resample } from '../../../../codecs/audio/resample.ts';
import type { JsonObject } from '../../../../codecs/json/object.ts';
import { encodeBase64 } from '../../../../codecs/text/base64.ts';
import type { Frame } from '../../../../codecs/websocket/frame.ts';
import type { Connection } from '../../contract.ts';
import { createId } from '../../random-id.ts';
import type { ProviderScript, ScriptRuntime } from '../../script-runtime.ts';
import { textTokenCount } from '../../tokens.ts';
import { replyAudio } from '../../voice/reply-audio.ts';
import { type ReplyPrompt, replyText, speechTranscript, textPieces } from '../../voice/reply-text.ts';
import { streamText } from '../../voice/streams.ts';
import { TurnDetector, type TurnEvent } from '../../voice/turn-detector.ts';
import { appendedSamples, encodeAudio } from '../audio.ts';
import { EventError, type EventHandlers, EventSender, handleEvent, invalidValue, missingParameter } from '../events.ts';
import { LiveDelegation } from './delegation.ts';
import { describeLiveSession, type OpenaiLiveSession, startLiveSession, updateLiveSession } from './session.ts';
import { LiveVoice } from './voice.ts';

const USAGE_EVERY_MS = 5000;
/** Context that fills the window in this time, as far as is shown. */
const WINDOW_MS = 2 * 60 * 60 * 1000;
const MAX_APPENDED_TOKENS = 500;
const FIXTURE_RATE_HZ = 24_000;
const MAX_FIXTURE_MS = 30_000;
const SILENCE_MS = 500;

/** A session that has started. */
interface Started {
  readonly session: OpenaiLiveSession;
  readonly detector: TurnDetector;
  readonly voice: LiveVoice;
  readonly delegation: LiveDelegation;
}

export class OpenaiLiveScript implements ProviderScript {
  readonly #events: EventSender;
  readonly #connection: Connection;
  readonly #handlers: EventHandlers = new Map<string, (event: JsonObject) => void>([
    ['session.start', (event) => this.#start(event)],
    ['session.update', (event) => this.#update(event)],
    ['session.input_audio.append', (event) => this.#hear(event)],
    ['session.input_audio.mute', (event) => this.#mute(event, true)],
    ['session.input_audio.unmute', (event) => this.#mute(event, false)],
    ['session.instructions.append', (event) => this.#append(event, 'instructions')],
    ['session.thinking.append', (event) => this.#append(event, 'thinking')],
    ['session.commentary.append', (event) => this.#append(event, 'commentary')],
    ['session.output_audio.fixture.play', (event) => this.#playFixture(event)],
    ['response.item.create', (event) => this.#live.delegation.addItem(event)],
    ['response.create', () => this.#live.delegation.createResponse()],
    ['session.close', (event) => this.#close('close_requested', event)],
  ]);
  #started: Started | undefined;
  #isMuted = false;
  #isFixturePlaying = false;
  /** Counts what was begun to be said: what was begun before does not speak any more. */
  #sayings = 0;

  constructor(runtime: ScriptRuntime, connection: Connection) {
    this.#events = new EventSender(runtime);
    this.#connection = connection;
  }

  opened(): void {}

  received(frame: Frame): void {
    handleEvent(frame, this.#handlers, (error, event) => this.#refuse(error, event));
  }

  ended(): void {
    this.#started?.detector.free();
  }

  /** @throws EventError before the session has started. */
  get #live(): Started {
    if (this.#started) return this.#started;
    throw new EventError('session_not_started', "Send 'session.start' first, and wait for 'session.started'.");
  }

  #start(event: JsonObject): void {
    if (this.#started) throw new EventError('session_already_started', 'The session has started already.');
    const { options, startedAtMs, voiceDetector } = this.#connection;
    const expires_at = Math.floor((startedAtMs + options.sessionCapMs) / 1000);
    const session = startLiveSession(event.session, { id: createId('live_'), expires_at });
    const { runtime } = this.#events;
    const { format } = session.audio;
    const voice = new LiveVoice({
      runtime,
      sampleRateHz: format.rate,
      pieceMs: options.times.audioChunkMs,
      sendAudio: (samples) =>
        runtime.send(
          JSON.stringify({ type: 'session.output_audio.delta', delta: encodeBase64(encodeAudio(samples, format)) }),
        ),
      sendWord: (delta, stretch) => this.#events.send('session.output_transcript.delta', { delta, ...stretch }),
    });
    const detection = { mode: 2, prefixPaddingMs: 300, silenceMs: SILENCE_MS } as const;
    const settings = { sampleRateHz: format.rate, detection };
    const detector = new TurnDetector({ createDetector: voiceDetector, keepMs: options.playbackMs, settings });
    const delegation = new LiveDelegation({
      ...{ events: this.#events, times: options.times, startedAtMs, session, offsetMs: () => voice.sentMs },
      answered: (text) => this.#say(text, undefined, 0),
    });
    this.#started = { session, detector, voice, delegation };
    this.#acknowledge('session.started', event, { session: describeLiveSession(session) });
    voice.start();
    runtime.after(options.sessionCapMs, () => this.#close('expired', {}));
    this.#reportUsage();
  }

  #update(event: JsonObject): void {
    const { session } = this.#live;
    if (event.session === undefined) throw missingParameter('session');
    updateLiveSession(session, event.session);
    this.#acknowledge('session.updated', event, { session: describeLiveSession(session) });
  }

  #hear(event: JsonObject): void {
    const { session, detector } = this.#live;
    const samples = appendedSamples(event.audio, session.audio.format);
    // Audio that comes while a fixture is played is lost; muted, it is silence to the model.
    if (this.#isFixturePlaying) return;
    if (this.#isMuted) samples.fill(0);
    for (const turn of detector.push(samples)) this.#turnEvent(turn);
  }

  #turnEvent(event: TurnEvent): void {
    if (event.kind === 'started') {
      this.#interrupt();
      return;
    }
    const { voice } = this.#live;
    const { speechMs, clip } = event.turn;
    const end = Math.max(0, voice.sentMs - SILENCE_MS);
    this.#tellHeard(speechTranscript(speechMs), Math.max(0, end - speechMs), end);
    const { firstAudioMs } = this.#connection.options.times;
    this.#answer({ kind: 'speech', speechMs, playback: clip }, firstAudioMs);
  }

  /** Tells the words of the user, which are spread over the time in which they were spoken. */
  #tellHeard(text: string, fromMs: number, toMs: number): void {
    const { times } = this.#connection.options;
    const pieces = textPieces(text);
    const wordMs = (toMs - fromMs) / pieces.length;
    let told = 0;
    const send = (delta: string): void => {
      const start_ms = Math.round(fromMs + told * wordMs);
      told += 1;
      const end_ms = Math.round(fromMs + told * wordMs);
      this.#events.send('session.input_transcript.delta', { delta, start_ms, end_ms });
    };
    const stream = streamText({ runtime: this.#events.runtime, tokenMs: times.tokenMs, pieces, send });
    this.#events.runtime.after(times.transcriptionMs, () => stream.start(() => {}));
  }

  #answer(prompt: ReplyPrompt, afterMs: number): void {
    this.#say(replyText(prompt), prompt.kind === 'speech' ? prompt.playback : undefined, afterMs);
  }

  /** Says a text, and plays a clip behind it, `afterMs` at the earliest. */
  #say(text: string, playback: Parameters<typeof replyAudio>[1], afterMs: number): void {
    const { voice, session } = this.#live;
    const { runtime } = this.#events;
    const { audioChunkMs } = this.#connection.options.times;
    const sampleRateHz = session.audio.format.rate;
    const dueMs = runtime.nowMs + afterMs;
    this.#sayings += 1;
    const saying = this.#sayings;
    runtime.speak(text, sampleRateHz, (samples) => {
      const pieces = replyAudio({ samples, sampleRateHz }, playback, audioChunkMs);
      const spokenMs = durationMs(samples.length, sampleRateHz);
      const begin = () => {
        if (saying === this.#sayings) voice.say({ pieces, text, spokenMs });
      };
      runtime.after(Math.max(0, dueMs - runtime.nowMs), begin);
    });
  }

  #interrupt(): void {
    this.#sayings += 1;
    this.#live.voice.stop();
  }

  #mute(event: JsonObject, isMuted: boolean): void {
    if (this.#live) this.#isMuted = isMuted;
    this.#acknowledge(isMuted ? 'session.input_audio.muted' : 'session.input_audio.unmuted', event, {});
  }

  /** Takes what the model is to know. Commentary is spoken; instructions may delegate. */
  #append(event: JsonObject, what: 'instructions' | 'thinking' | 'commentary'): void {
    const { voice, delegation } = this.#live;
    const { content, delegation_id: id } = event;
    if (typeof content !== 'string' || content === '') throw missingParameter('content');
    if (textTokenCount(content) > MAX_APPENDED_TOKENS)
      throw invalidValue('content', `Invalid 'content': expected at most ${MAX_APPENDED_TOKENS} tokens.`);
    delegation.checkId(id);
    if (this.#isFixturePlaying) throw new EventError('fixture_active', 'An audio fixture is being played.');
    const at = { start_ms: voice.sentMs, end_ms: voice.sentMs };
    this.#acknowledge(`session.${what}.appended`, event, at);
    if (what === 'commentary') this.#answer({ kind: 'text', text: content }, 0);
    if (what === 'instructions' && /\bdelegate\b/i.test(content)) delegation.delegate(content);
  }

  /** Plays audio of the client in the place of the model's. */
  #playFixture(event: JsonObject): void {
    const { voice, session } = this.#live;
    const samples = appendedSamples(event.audio, { type: 'audio/pcm' });
    const ms = durationMs(samples.length, FIXTURE_RATE_HZ);
    if (ms === 0 || ms > MAX_FIXTURE_MS) throw invalidValue('audio', "Invalid 'audio': expected at most 30 seconds.");
    if (this.#isFixturePlaying) throw new EventError('fixture_active', 'An audio fixture is being played.');
    this.#interrupt();
    this.#isFixturePlaying = true;
    this.#acknowledge('session.output_audio.fixture.playing', event, {});
    const played = resample(samples, FIXTURE_RATE_HZ, session.audio.format.rate);
    const step = Math.round((session.audio.format.rate * this.#connection.options.times.audioChunkMs) / 1000);
    const done = () => {
      this.#isFixturePlaying = false;
      this.#acknowledge('session.output_audio.fixture.played', event, {});
    };
    voice.say({ pieces: slices(played, step), text: '', spokenMs: 0, done });
  }

  #reportUsage(): void {
    this.#events.runtime.after(USAGE_EVERY_MS, () => {
      const ratio = Math.min(1, this.#live.voice.sentMs / WINDOW_MS);
      this.#events.send('session.usage.updated', { usage: this.#usage, context_window: { usage_ratio: ratio } });
      this.#reportUsage();
    });
  }

  get #usage(): JsonObject {
    return { seconds: this.#live.voice.sentMs / 1000 };
  }

  #close(reason: 'close_requested' | 'expired', event: JsonObject): void {
    const { session } = this.#live;
    this.#acknowledge('session.closed', event, { reason, usage: this.#usage, session: describeLiveSession(session) });
    this.#events.runtime.close(1000, '');
  }

  /** Sends the event that answers one of the client, whose id it quotes. */
  #acknowledge(type: string, event: JsonObject, fields: JsonObject): void {
    this.#events.send(type, { ...fields, ...quoted(event) });
  }

  #refuse({ code, message, param }: EventError, event: JsonObject): void {
    const error = { type: 'invalid_request_error', code, message, ...(param !== null && { param }), ...quoted(event) };
    this.#events.send('error', { error, ...quoted(event) });
  }
}

const quoted = ({ event_id: id }: JsonObject): JsonObject => (typeof id === 'string' ? { client_event_id: id } : {});

function* slices(samples: Int16Array, step: number) {
  for (let start = 0; start < samples.length; start += step) yield samples.subarray(start, start + step);
}
