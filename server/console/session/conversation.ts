// One conversation: what the caller does becomes messages, what the provider sends becomes state.
// Every interruption of a reply goes through `#interrupt`, so that silence and truncation never come apart.

import type { SessionReport } from '../api/gateway.ts';
import { toBase64 } from '../audio/pcm.ts';
import type { Recording } from '../audio/recording.ts';
import type { Waveforms } from '../audio/waveforms.ts';
import { type FunctionCallItem, functionCaptionId, type ViewEvent } from '../dialects/dialect.ts';
import { answerTool } from '../dialects/example-tool.ts';
import * as captions from '../state/captions.ts';
import { gatewayUs } from '../state/latency.ts';
import * as notices from '../state/notices.ts';
import type { ConsoleState, RunningSession } from '../state/state.ts';
import type { StateStore } from '../state/store.ts';
import type { BrowserApi } from './browser.ts';
import type { GatewayConnection } from './connection.ts';
import { ReplyPlayback } from './reply-playback.ts';
import { SpeechEndEstimator } from './speech-end.ts';
import type { SpeechInput } from './speech-input.ts';
import { TurnTracker } from './turn-tracker.ts';

interface ConversationOptions {
  readonly store: StateStore<ConsoleState>;
  readonly browser: BrowserApi;
  readonly input: SpeechInput;
  readonly waveforms: Waveforms;
  readonly session: RunningSession;
  readonly send: GatewayConnection['send'];
  notify(notice: notices.Notice): void;
  /** Reads the gateway's record of the session as it is now. */
  readReport(): Promise<SessionReport | undefined>;
}

/** Shorter push-to-talk was a slip of the finger; providers refuse less than 100 ms of audio. */
const minHoldMs = 150;

export class LiveConversation {
  readonly playback: ReplyPlayback;
  readonly turns: TurnTracker;
  readonly #options: ConversationOptions;
  readonly #speechEnd: SpeechEndEstimator;
  readonly #withWaveform = new Set<string>();
  #heldAt: number | undefined;
  /** Id of the caption that holds the last words of the reply. */
  #replyCaption: string | undefined;
  #stopPreview: (() => void) | undefined;

  constructor(options: ConversationOptions) {
    this.#options = options;
    this.#speechEnd = new SpeechEndEstimator(options.input.vad);
    this.turns = new TurnTracker({
      onChange: (turns) => options.store.set({ turns }),
      onClosed: (id) => void this.#measure(id),
    });
    this.playback = new ReplyPlayback({
      waveforms: options.waveforms,
      open: (handlers) => options.browser.openPlayer(handlers),
      onStarted: (itemId, at) => this.turns.played(itemId, at),
      onCounts: (output) => options.store.set({ output }),
    });
  }

  /** Starts a manual turn: push-to-talk goes down, or a recording begins that is sent like it. */
  beginSpeech(): void {
    const { input, store, send } = this.#options;
    this.#heldAt = this.#now();
    void this.interrupt();
    send((client) => client.speechStart?.());
    input.gateOpen = true;
    store.set({ callerSpeaking: true });
  }

  endSpeech(): void {
    const { input, store, send, notify } = this.#options;
    const now = this.#now();
    const heldAt = this.#heldAt;
    this.#heldAt = undefined;
    input.gateOpen = false;
    store.set({ callerSpeaking: false });
    if (heldAt === undefined) return;
    if (now - heldAt < minHoldMs) {
      send((client) => client.speechDrop?.());
      notify(notices.speechTooBrief);
      return;
    }
    send((client) => client.speechEnd?.());
    this.turns.released(now, this.#speechEnd.voicedSince(heldAt));
  }

  /** Speaks a recording into the session, and lets the caller hear it. */
  play(name: string, recording: Recording): void {
    const { input, store, session } = this.#options;
    const manual = session.turnTaking === 'manual';
    this.#stopPreview = this.playback.player?.playAside(recording);
    store.set({ sample: name });
    if (manual) this.beginSpeech();
    input.play(recording, {
      rateHz: session.mode.dialect.inputRateHz,
      withSilence: !manual,
      onDone: () => {
        store.set({ sample: undefined });
        if (manual) this.endSpeech();
      },
    });
  }

  stopPlaying(): void {
    const { input, store, session } = this.#options;
    if (!input.isPlayingRecording) return;
    input.stopRecording();
    this.#stopPreview?.();
    store.set({ sample: undefined });
    if (session.turnTaking === 'manual') this.endSpeech();
  }

  async write(text: string): Promise<void> {
    await this.interrupt();
    const at = this.#now();
    this.turns.written(at);
    this.#changeCaptions((list) => captions.addWrittenCaption(list, { id: `written-${at}`, side: 'you', text }));
    this.#options.send((client) => client.say(text));
  }

  /** Interrupts the reply for the page, which has to tell the provider. */
  async interrupt(): Promise<void> {
    if (this.#options.store.get().replying) this.#options.send((client) => client.cancel?.());
    await this.#interrupt();
  }

  sendAudio(samples: Int16Array): void {
    const { store, send, session } = this.#options;
    send((client) => client.audio?.(toBase64(samples)));
    const sentSamples = store.get().sentSamples + samples.length;
    store.set({ sentSamples });
    this.#speechEnd.sent((sentSamples * 1000) / session.mode.dialect.inputRateHz, this.#now());
  }

  handleEvent(event: ViewEvent, at: number): void {
    this.turns.observe(event, at, this.#speechEnd.voicedBefore(event, at));
    this.#handleSpeech(event);
    this.#handleReply(event);
  }

  /** Releases everything when the session is over. */
  close(): void {
    const { input } = this.#options;
    input.gateOpen = false;
    input.stopRecording();
    this.#stopPreview?.();
    this.playback.close();
    this.turns.end();
    this.#changeCaptions(captions.finishCaptions);
  }

  #handleSpeech(event: ViewEvent): void {
    const { store, session } = this.#options;
    switch (event.kind) {
      case 'speech-started':
        store.set({ callerSpeaking: true });
        void this.#interrupt();
        if (event.itemId !== undefined) this.#reserveCaption(event.itemId);
        break;
      case 'speech-stopped':
        store.set({ callerSpeaking: false });
        break;
      case 'committed':
        this.#reserveCaption(event.itemId);
        this.#drawUtterance(event.itemId);
        break;
      case 'caption': {
        const voice = session.mode.modality === 'voice';
        this.#changeCaptions((list) => captions.applyCaption(list, event, voice));
        if (event.side === 'you' && voice) this.#drawUtterance(event.itemId);
        if (event.side === 'provider') this.#replyCaption = event.itemId;
        break;
      }
      case 'interrupted':
        void this.#interrupt();
    }
  }

  #handleReply(event: ViewEvent): void {
    const { store, notify } = this.#options;
    switch (event.kind) {
      case 'reply-started':
        store.set({ replying: true, silenced: false });
        this.#replyCaption = undefined;
        this.playback.replyStarted();
        break;
      case 'audio':
        this.playback.audio(event);
        break;
      case 'audio-end':
        this.playback.audioEnd(event.itemId);
        break;
      case 'tool-call':
        this.#answer(event.call);
        break;
      case 'reply-done': {
        const { status, why } = event;
        store.set({ replying: false, silenced: false });
        this.playback.replyDone();
        this.#changeCaptions((list) => captions.finishReplies(list, status, this.#replyCaption));
        if (status === 'failed') notify(notices.replyFailure(why ?? ''));
      }
    }
  }

  #answer(call: FunctionCallItem): void {
    const result = answerTool(call, new Date(this.#options.browser.date()));
    const text = `${call.name}(${call.arguments}) → ${JSON.stringify(result)}`;
    const id = functionCaptionId(call.callId);
    this.#changeCaptions((list) => captions.addWrittenCaption(list, { id, side: 'tool', text }));
    this.#options.send((client) => client.answer(call, result));
  }

  /** Silences the reply, and tells the provider how much of it was heard (barge-in). */
  async #interrupt(): Promise<void> {
    const { store, send } = this.#options;
    const { replying } = store.get();
    if (!replying && !this.playback.isPlaying) return;
    if (replying && this.playback.player !== undefined) store.set({ silenced: true });
    const turn = this.turns.answered;
    const truncations = await this.playback.interrupt(replying);
    for (const truncation of truncations) {
      send((client) => client.truncate?.(truncation));
      this.#changeCaptions((list) => captions.markTruncation(list, truncation));
    }
    if (truncations.length === 0) return;
    this.turns.silenced(turn);
    store.set({ truncations: [...store.get().truncations, ...truncations].slice(-100) });
  }

  #changeCaptions(change: (list: captions.Captions) => captions.Captions): void {
    const { store } = this.#options;
    store.set({ captions: change(store.get().captions) });
  }

  #reserveCaption(itemId: string): void {
    this.#changeCaptions((list) => captions.reserveCaption(list, itemId));
  }

  async #measure(turn: number): Promise<void> {
    const report = await this.#options.readReport();
    if (report !== undefined) this.turns.measured(turn, gatewayUs(report));
  }

  /** Gives a caption of the caller the waveform of the utterance that ended last, once. */
  #drawUtterance(itemId: string): void {
    if (this.#withWaveform.has(itemId)) return;
    this.#withWaveform.add(itemId);
    const { waveforms, input } = this.#options;
    waveforms.append(itemId, input.lastUtterance());
    waveforms.played(itemId, Number.POSITIVE_INFINITY);
  }

  #now(): number {
    return this.#options.browser.clock.now();
  }
}
