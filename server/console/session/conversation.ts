// One conversation: what the caller does becomes messages, what the provider sends becomes state.
// Whatever interrupts a reply goes through `#interrupt`, so that silence and truncation never come apart.

import { toBase64 } from '../audio/pcm.ts';
import { VoiceTrail } from '../audio/speech-timeline.ts';
import type { Recording } from '../audio/wav.ts';
import type { WaveBook } from '../audio/waveforms.ts';
import {
  type Dialog,
  type Message,
  type ReplyStatus,
  type ToolCall,
  toolItemId,
  type ViewEvent,
} from '../dialects/dialect.ts';
import { answerTool } from '../dialects/example-tool.ts';
import * as conversation from '../state/captions.ts';
import * as failure from '../state/notices.ts';
import type { ConsoleState, RunningSession } from '../state/state.ts';
import type { Store } from '../state/store.ts';
import type { Surroundings } from './browser.ts';
import { ReplyOutput } from './reply-playback.ts';
import type { SpeechInput } from './speech-input.ts';
import { TurnKeeper } from './turn-tracker.ts';

export interface TalkContext {
  readonly store: Store<ConsoleState>;
  readonly around: Surroundings;
  readonly input: SpeechInput;
  readonly waves: WaveBook;
  readonly session: RunningSession;
  /** Sends what the dialog says, if the session is open. */
  send(what: (dialog: Dialog) => readonly Message[]): void;
  notify(notice: failure.Notice): void;
  onTurnClosed(id: number): void;
}

/** Push-to-talk shorter than this was a slip of the finger; providers refuse less than 100 ms of audio. */
const minHoldMs = 150;
/** The page and the provider do not hear the start of speech at the same moment. */
const detectionMs = 1500;

export class Talk {
  readonly output: ReplyOutput;
  readonly turns: TurnKeeper;
  readonly #context: TalkContext;
  readonly #trail = new VoiceTrail();
  readonly #shaped = new Set<string>();
  #heldAt: number | undefined;
  #speechStartedAt = Number.NEGATIVE_INFINITY;
  /** What the reply's last words belong to. */
  #replyItem: string | undefined;
  #stopAside: (() => void) | undefined;

  constructor(context: TalkContext) {
    this.#context = context;
    this.turns = new TurnKeeper(context.onTurnClosed);
    this.output = new ReplyOutput({
      waves: context.waves,
      open: (handlers) => context.around.openPlayer(handlers),
      onStarted: (itemId, at) => {
        this.turns.played(itemId, at);
        this.publishTurns();
      },
      onCounts: (output) => context.store.set({ output }),
    });
  }

  /** Push-to-talk goes down, or a recording begins that is sent like it. */
  beginSpeech(): void {
    const { input, store, send } = this.#context;
    this.#heldAt = this.#now();
    void this.interrupt();
    send((dialog) => dialog.speechStart());
    input.gateOpen = true;
    store.set({ callerSpeaking: true });
  }

  endSpeech(): void {
    const { input, store, send, notify } = this.#context;
    const now = this.#now();
    const held = this.#heldAt;
    this.#heldAt = undefined;
    input.gateOpen = false;
    store.set({ callerSpeaking: false });
    if (held === undefined) return;
    if (now - held < minHoldMs) {
      send((dialog) => dialog.speechDrop());
      notify(failure.tooBrief());
      return;
    }
    send((dialog) => dialog.speechEnd());
    this.turns.released(now, this.#voicedSince(held));
    this.publishTurns();
  }

  /** Speaks a recording into the session, and lets the caller hear it. */
  play(name: string, recording: Recording): void {
    const { input, store, session } = this.#context;
    const manual = session.turnTaking === 'manual';
    this.#stopAside = this.output.player?.playAside(recording);
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
    const { input, store, session } = this.#context;
    if (!input.recording) return;
    input.stopRecording();
    this.#stopAside?.();
    store.set({ sample: undefined });
    if (session.turnTaking === 'manual') this.endSpeech();
  }

  async write(text: string): Promise<void> {
    await this.interrupt();
    const at = this.#now();
    this.turns.written(at);
    this.#converse((entries) => conversation.addWritten(entries, `written-${at}`, text));
    this.#context.send((dialog) => dialog.say(text));
    this.publishTurns();
  }

  /** The page interrupts: the provider has to be told. */
  async interrupt(): Promise<void> {
    if (this.#context.store.get().replying) this.#context.send((dialog) => dialog.cancel());
    await this.#interrupt();
  }

  sendAudio(samples: Int16Array): void {
    const { store, send, input, session } = this.#context;
    send((dialog) => dialog.audio(toBase64(samples)));
    const sentSamples = store.get().sentSamples + samples.length;
    store.set({ sentSamples });
    const { inputRateHz } = session.mode.dialect;
    if (input.watch.audible) this.#trail.audible((sentSamples * 1000) / inputRateHz, this.#now());
  }

  happened(event: ViewEvent, at: number): void {
    if (event.kind === 'speech-started') this.#speechStartedAt = at;
    this.turns.event(event, at, this.#voicedBefore(event));
    this.publishTurns();
    this.#spoken(event);
    this.#replied(event);
  }

  /** The session is over. */
  close(): void {
    const { input } = this.#context;
    input.gateOpen = false;
    input.stopRecording();
    this.#stopAside?.();
    this.output.close();
    this.turns.end();
    this.publishTurns();
    this.#converse(conversation.settleAll);
  }

  publishTurns(): void {
    this.#context.store.set({ turns: this.turns.turns });
  }

  #spoken(event: ViewEvent): void {
    const { store, session } = this.#context;
    switch (event.kind) {
      case 'speech-started':
        store.set({ callerSpeaking: true });
        void this.#interrupt();
        if (event.itemId !== undefined) this.#reserve(event.itemId);
        break;
      case 'speech-stopped':
        store.set({ callerSpeaking: false });
        break;
      case 'committed':
        this.#reserve(event.itemId);
        this.#shape(event.itemId);
        break;
      case 'caption': {
        const voice = session.mode.modality === 'voice';
        this.#converse((entries) => conversation.applyCaption(entries, event, voice));
        if (event.side === 'you' && voice) this.#shape(event.itemId);
        if (event.side === 'provider') this.#replyItem = event.itemId;
        break;
      }
      case 'interrupted':
        void this.#interrupt();
    }
  }

  #replied(event: ViewEvent): void {
    const { store, notify } = this.#context;
    switch (event.kind) {
      case 'reply-started':
        store.set({ replying: true, silenced: false });
        this.#replyItem = undefined;
        this.output.replyStarted();
        break;
      case 'audio':
        this.output.audio(event);
        break;
      case 'audio-end':
        this.output.audioEnd(event.itemId);
        break;
      case 'tool-call':
        this.#answer(event.call);
        break;
      case 'reply-done': {
        const { status, why } = event;
        store.set({ replying: false, silenced: false });
        this.output.replyDone();
        this.#converse((entries) => conversation.settleReplies(entries, endingOf(status, this.#replyItem)));
        if (status === 'failed') notify(failure.replyFailure(why ?? ''));
      }
    }
  }

  #answer(call: ToolCall): void {
    const result = answerTool(call, new Date(this.#context.around.date()));
    const text = `${call.name}(${call.arguments}) → ${JSON.stringify(result)}`;
    this.#converse((entries) => conversation.addTool(entries, toolItemId(call.callId), text));
    this.#context.send((dialog) => dialog.answer(call, result));
  }

  /** Barge-in: silence, and the provider learns how much of its reply was heard. */
  async #interrupt(): Promise<void> {
    const { store, send } = this.#context;
    const { replying } = store.get();
    if (!replying && !this.output.sounding) return;
    if (replying && this.output.player !== undefined) store.set({ silenced: true });
    const turn = this.turns.answered;
    const cuts = await this.output.interrupt(replying);
    for (const cut of cuts) {
      send((dialog) => dialog.truncate(cut));
      this.#converse((entries) => conversation.applyCut(entries, cut));
    }
    if (cuts.length === 0) return;
    if (turn !== undefined) this.turns.silenced(turn);
    this.publishTurns();
    store.set({ cuts: [...store.get().cuts, ...cuts].slice(-100) });
  }

  /** The caller's last audible sound of the utterance that the event is about. */
  #voicedBefore(event: ViewEvent): number | undefined {
    const from = this.#speechStartedAt - detectionMs;
    if (event.kind !== 'speech-stopped' || event.voicedUntilMs === undefined) return this.#voicedSince(from);
    const lastAt = this.#trail.lastBefore(event.voicedUntilMs);
    return lastAt !== undefined && lastAt >= from ? lastAt : undefined;
  }

  /** The caller's last audible sound, if it is not older than that. */
  #voicedSince(from: number): number | undefined {
    const { lastAt } = this.#context.input.watch;
    return lastAt !== undefined && lastAt >= from ? lastAt : undefined;
  }

  #converse(change: (entries: conversation.Conversation) => conversation.Conversation): void {
    const { store } = this.#context;
    store.set({ conversation: change(store.get().conversation) });
  }

  #reserve(itemId: string): void {
    this.#converse((entries) => conversation.reserve(entries, itemId, 'you'));
  }

  /** Gives a caption of the caller the shape of what was just spoken, once. */
  #shape(itemId: string): void {
    if (this.#shaped.has(itemId)) return;
    this.#shaped.add(itemId);
    const { waves, input } = this.#context;
    waves.append(itemId, input.lastUtterance());
    waves.played(itemId, Number.POSITIVE_INFINITY);
  }

  #now(): number {
    return this.#context.around.clock.now();
  }
}

/** A reply that was cut off says so where its words end. */
function endingOf(status: ReplyStatus, itemId: string | undefined): conversation.Ending | undefined {
  if (status === 'completed' || itemId === undefined) return undefined;
  return { itemId, why: status === 'cancelled' ? 'interrupted' : status };
}
