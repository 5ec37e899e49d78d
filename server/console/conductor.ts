// Brings a session, the caller's voice and the provider's voice together, and writes what happens into the state.
// It knows no DOM: sockets, devices, clock and HTTP are given to it.

import type { Device, Microphone, MicrophoneOptions } from './audio/microphone.ts';
import { toBase64 } from './audio/pcm.ts';
import type { Player, PlayerHandlers } from './audio/player.ts';
import type { SpeechClock } from './audio/speech.ts';
import type { Recording } from './audio/wav.ts';
import { WaveBook } from './audio/waves.ts';
import * as conversation from './conversation.ts';
import type { Message, Settings, ViewEvent } from './dialects/dialect.ts';
import { answerTool } from './dialects/example-tool.ts';
import { EventLog } from './event-log.ts';
import type { Notice } from './failure.ts';
import * as failure from './failure.ts';
import { diagnose, readGatewayInfo, readSessionReport, sessionAddress } from './gateway.ts';
import { ReplyOutput } from './reply-output.ts';
import { Session, type SessionState, type Socket } from './session.ts';
import { SpeechInput } from './speech-input.ts';
import { type ConsoleState, type Form, initialState, isBusy } from './state.ts';
import type { Store } from './store.ts';
import { TurnKeeper } from './turn-keeper.ts';

export interface Surroundings {
  readonly origin: string;
  readonly clock: SpeechClock;
  readonly fetch: typeof fetch;
  dial(url: URL, protocols: string[]): Socket;
  openMicrophone(options: MicrophoneOptions): Promise<Microphone>;
  openPlayer(handlers: PlayerHandlers): Promise<Player>;
  listMicrophones(): Promise<Device[]>;
  loadRecording(name: string): Promise<Recording>;
  newId(): string;
  /** Wall clock, milliseconds. */
  date(): number;
}

/** Push-to-talk shorter than this was a slip of the finger; providers refuse less than 100 ms of audio. */
const minHoldMs = 150;

export class Conductor {
  readonly log = new EventLog();
  readonly waves = new WaveBook();
  readonly store: Store<ConsoleState>;
  readonly input: SpeechInput;
  readonly #around: Surroundings;
  output: ReplyOutput;
  #session: Session | undefined;
  #turns: TurnKeeper;
  #heldAt: number | undefined;
  #shaped = new Set<string>();
  #noticeId = 0;

  constructor(store: Store<ConsoleState>, around: Surroundings) {
    this.store = store;
    this.#around = around;
    this.#turns = this.#newTurns();
    this.output = this.#newOutput();
    this.input = new SpeechInput({
      clock: around.clock,
      open: (options) => around.openMicrophone(options),
      onChunk: (samples) => this.#sendAudio(samples),
      onMicrophoneEnded: () => {
        this.store.set({ microphone: 'off' });
        this.notify(failure.microphoneLost());
      },
    });
  }

  /** Reads what the gateway offers. */
  async load(): Promise<void> {
    try {
      const gateway = await readGatewayInfo(this.#around.fetch);
      this.store.set({ gateway });
      this.edit({});
    } catch {
      this.notify(failure.infoFailure());
    }
    await this.refreshDevices();
  }

  /** Changes the form; a choice that does not fit any more is replaced by the first that does. */
  edit(change: Partial<Form>): void {
    const { form, gateway } = this.store.get();
    const next = { ...form, ...change };
    const { dialect, modality } = next.mode;
    const providers = (gateway?.providers ?? []).filter((one) =>
      one.dialects.some(({ name }) => name === dialect.name),
    );
    const fits = providers.some(({ name }) => name === next.provider);
    const provider = fits ? next.provider : (providers[0]?.name ?? '');
    const modeChanged = change.mode !== undefined && change.mode !== form.mode;
    const model = modeChanged ? (dialect.models[modality][0] ?? '') : next.model;
    const voice = modeChanged ? '' : next.voice;
    this.store.set({ form: { ...next, provider, model, voice } });
  }

  notify(notice: Notice): void {
    this.#noticeId += 1;
    const others = this.store.get().notices.filter(({ title }) => title !== notice.title);
    this.store.set({ notices: [...others, { ...notice, id: this.#noticeId }].slice(-4) });
  }

  dismiss(id: number): void {
    this.store.set({ notices: this.store.get().notices.filter((notice) => notice.id !== id) });
  }

  async refreshDevices(): Promise<void> {
    this.store.set({ devices: await this.#around.listMicrophones().catch(() => []) });
  }

  /** Opens a session with the form as it is. Called from a click: sound needs that. */
  async start(): Promise<void> {
    const { form, phase, gateway } = this.store.get();
    if (isBusy(phase)) return;
    this.#reset(form);
    const voice = form.mode.modality === 'voice';
    if (voice) await this.#openSound(form);
    if (this.store.get().phase !== 'starting') return;
    const { dialect } = form.mode;
    const settings = settingsOf(form);
    const offered = gateway?.providers.find(({ name }) => name === form.provider)?.dialects ?? [];
    const paths = offered.filter(({ name }) => name === dialect.name).map(({ path }) => path);
    const path = paths.includes(dialect.preferredPath) ? dialect.preferredPath : (paths[0] ?? dialect.preferredPath);
    const { query, protocols } = dialect.address(path, settings, form.key);
    const url = sessionAddress(this.#around.origin, path, query, this.store.get().session?.id ?? '');
    try {
      this.#connect(url, protocols, form, settings);
    } catch (cause) {
      this.#ended();
      this.notify(failure.socketFailure(cause));
    }
  }

  /** Runs once, when the next session is ready. */
  whenReady(run: () => void): void {
    this.#whenReady = run;
  }
  #whenReady: (() => void) | undefined;

  end(): void {
    if (this.#session === undefined) this.#ended();
    else this.#session.end();
  }

  /** Opens the microphone, for the level and the names of the devices, or for a running session. */
  async openMicrophone(): Promise<void> {
    const { form, session, phase } = this.store.get();
    const { dialect } = isBusy(phase) && session !== undefined ? session.mode : form.mode;
    this.store.set({ microphone: 'asking' });
    try {
      await this.input.openMicrophone(form.deviceId, dialect.inputRateHz);
      this.input.muted = false;
      this.store.set({ microphone: 'on' });
    } catch (cause) {
      this.store.set({ microphone: 'off' });
      this.notify(failure.microphoneFailure(cause));
    }
    await this.refreshDevices();
  }

  closeMicrophone(): void {
    this.input.closeMicrophone();
    this.store.set({ microphone: 'off' });
  }

  mute(muted: boolean): void {
    if (this.input.microphone === undefined) return;
    this.input.muted = muted;
    this.store.set({ microphone: muted ? 'muted' : 'on' });
    const { session } = this.store.get();
    if (muted && session?.turnTaking === 'detect') this.#dialog((dialog) => dialog.audioPause());
  }

  /** Push-to-talk goes down. */
  async hold(): Promise<void> {
    const { session, talking, phase, sample } = this.store.get();
    if (phase !== 'ready' || talking || session?.turnTaking !== 'manual' || sample !== undefined) return;
    this.store.set({ talking: true });
    if (this.input.microphone === undefined) await this.openMicrophone();
    if (!this.store.get().talking || this.input.microphone === undefined) return this.store.set({ talking: false });
    this.#beginSpeech();
  }

  /** Push-to-talk goes up. */
  release(): void {
    if (!this.store.get().talking) return;
    this.store.set({ talking: false });
    this.#endSpeech();
  }

  /** Speaks one of the recordings into the session. */
  async playSample(name: string): Promise<void> {
    const { phase, session, talking } = this.store.get();
    if (phase !== 'ready' || session === undefined || talking || this.input.recording) return;
    try {
      const recording = await this.#around.loadRecording(name);
      const manual = session.turnTaking === 'manual';
      const stopAside = this.output.player?.playAside(recording);
      this.store.set({ sample: name });
      if (manual) this.#beginSpeech();
      this.#stopAside = stopAside;
      this.input.play(recording, {
        rateHz: session.mode.dialect.inputRateHz,
        withSilence: !manual,
        onDone: () => {
          this.store.set({ sample: undefined });
          if (manual) this.#endSpeech();
        },
      });
    } catch (cause) {
      this.notify(failure.sampleFailure(cause));
    }
  }
  #stopAside: (() => void) | undefined;

  stopSample(): void {
    if (!this.input.recording) return;
    this.input.stopRecording();
    this.#stopAside?.();
    this.store.set({ sample: undefined });
    if (this.store.get().session?.turnTaking === 'manual') this.#endSpeech();
  }

  /** Sends a written message; a reply in progress is interrupted by it. */
  async write(text: string): Promise<void> {
    const words = text.trim();
    if (words === '' || this.store.get().phase !== 'ready') return;
    await this.#interruptByPage();
    const at = this.#around.clock.now();
    this.#turns.written(at);
    this.#converse((entries) => conversation.addWritten(entries, `written-${at}`, words));
    this.#dialog((dialog) => dialog.say(words));
    this.#publishTurns();
  }

  /** Silences the reply that is being given. */
  async stopReply(): Promise<void> {
    await this.#interruptByPage();
  }

  #reset(form: Form): void {
    const { gateway } = this.store.get();
    this.log.clear();
    this.#shaped = new Set();
    this.#turns = this.#newTurns();
    const rehearsal = gateway?.providers.find(({ name }) => name === form.provider)?.status === 'rehearsal';
    this.store.set({
      ...initialState,
      gateway,
      form,
      devices: this.store.get().devices,
      microphone: this.store.get().microphone,
      phase: 'starting',
      session: {
        id: this.#around.newId(),
        mode: form.mode,
        provider: form.provider,
        rehearsal,
        model: form.model,
        turnTaking: form.mode.modality === 'voice' ? form.turnTaking : 'detect',
        openedAt: undefined,
        endedAt: undefined,
      },
    });
  }

  async #openSound(form: Form): Promise<void> {
    this.output = this.#newOutput();
    // Both at once: the player must be made while the click still counts.
    const player = this.output.open().catch((cause: unknown) => this.notify(failure.playbackFailure(cause)));
    if (form.input === 'microphone') await this.openMicrophone();
    await player;
    this.input.gateOpen = form.turnTaking === 'detect';
  }

  #connect(url: URL, protocols: string[], form: Form, settings: Settings): void {
    const diagnosisUrl = new URL(url);
    diagnosisUrl.protocol = url.protocol.replace('ws', 'http');
    diagnosisUrl.searchParams.delete('trunkline-session');
    this.#session = new Session({
      socket: this.#around.dial(url, protocols),
      dialog: form.mode.dialect.dialog(settings),
      now: () => this.#around.clock.now(),
      onFrame: (frame, message) => this.log.record(frame, message),
      onEvent: (event, at) => this.#happened(event, at),
      onState: (state) => this.#entered(state, diagnosisUrl.href, form.key),
    });
    this.store.set({ phase: 'connecting' });
  }

  #entered(state: SessionState, diagnosisUrl: string, key: string): void {
    if (state.name !== 'closed') this.store.set({ phase: state.name });
    if (state.name === 'preparing') this.#patchSession({ openedAt: this.#around.date() });
    if (state.name === 'ready') this.#becameReady();
    if (state.name !== 'closed') return;
    this.#ended();
    if (state.opened) {
      const notice = failure.closeNotice(state.code, state.reason);
      if (notice !== undefined) this.notify(notice);
      void this.#report(undefined);
    } else {
      void diagnose(this.#around.fetch, diagnosisUrl, key).then((why) => this.notify(failure.connectFailure(why)));
    }
  }

  #becameReady(): void {
    const run = this.#whenReady;
    this.#whenReady = undefined;
    run?.();
  }

  #ended(): void {
    this.#whenReady = undefined;
    this.#session = undefined;
    this.input.gateOpen = false;
    this.input.stopRecording();
    this.#stopAside?.();
    this.closeMicrophone();
    this.output.close();
    this.#turns.end();
    this.#publishTurns();
    this.#patchSession({ endedAt: this.#around.date() });
    this.#converse(conversation.settleAll);
    this.store.set({ phase: 'closed', talking: false, sample: undefined, callerSpeaking: false, replying: false });
  }

  #happened(event: ViewEvent, at: number): void {
    this.#turns.event(event, at, this.input.watch.lastAt);
    this.#publishTurns();
    switch (event.kind) {
      case 'hello':
        if (event.model !== undefined) this.#patchSession({ model: event.model });
        break;
      case 'speech-started':
        this.store.set({ callerSpeaking: true });
        void this.#interrupt();
        if (event.itemId !== undefined) this.#reserve(event.itemId);
        break;
      case 'speech-stopped':
        this.store.set({ callerSpeaking: false });
        break;
      case 'committed':
        this.#reserve(event.itemId);
        this.#shape(event.itemId);
        break;
      case 'caption':
        this.#converse((entries) => conversation.applyCaption(entries, event, this.#isVoice()));
        if (event.side === 'you' && this.#isVoice()) this.#shape(event.itemId);
        break;
      case 'reply-started':
        this.store.set({ replying: true });
        this.output.replyStarted();
        break;
      case 'audio':
        this.output.audio(event);
        break;
      case 'audio-end':
        this.output.audioEnd(event.itemId);
        break;
      case 'interrupted':
        void this.#interrupt();
        break;
      case 'tool-call':
        this.#answer(event.call);
        break;
      case 'reply-done':
        this.#replyDone(event);
        break;
      case 'expiring':
        this.notify(failure.expiring(event.inText));
        break;
      case 'error': {
        const notice = failure.providerError(event.code, event.message);
        if (notice !== undefined) this.notify(notice);
      }
    }
  }

  #replyDone({ status, why }: Extract<ViewEvent, { kind: 'reply-done' }>): void {
    this.store.set({ replying: false });
    this.output.replyDone();
    this.#converse((entries) => conversation.settleReplies(entries, status === 'completed' ? undefined : status));
    if (status === 'failed') this.notify(failure.providerError('', why || 'The reply failed.') as Notice);
  }

  #answer(call: Extract<ViewEvent, { kind: 'tool-call' }>['call']): void {
    const result = answerTool(call, new Date(this.#around.date()));
    const text = `${call.name}(${call.arguments}) → ${JSON.stringify(result)}`;
    this.#converse((entries) => conversation.addTool(entries, `tool-${call.callId}`, text));
    this.#dialog((dialog) => dialog.answer(call, result));
  }

  #beginSpeech(): void {
    this.#heldAt = this.#around.clock.now();
    void this.#interruptByPage();
    this.#dialog((dialog) => dialog.speechStart());
    this.input.gateOpen = true;
    this.store.set({ callerSpeaking: true });
  }

  #endSpeech(): void {
    const now = this.#around.clock.now();
    const held = this.#heldAt;
    this.#heldAt = undefined;
    this.input.gateOpen = false;
    this.store.set({ callerSpeaking: false });
    if (held === undefined) return;
    if (now - held < minHoldMs) {
      this.#dialog((dialog) => dialog.speechDrop());
      return this.notify(failure.tooBrief());
    }
    const { lastAt } = this.input.watch;
    this.#dialog((dialog) => dialog.speechEnd());
    this.#turns.released(now, lastAt !== undefined && lastAt >= held ? lastAt : undefined);
    this.#publishTurns();
  }

  async #interruptByPage(): Promise<void> {
    if (this.store.get().replying) this.#dialog((dialog) => dialog.cancel());
    await this.#interrupt();
  }

  /** Barge-in: silence, and the provider learns how much of its reply was heard. */
  async #interrupt(): Promise<void> {
    const { replying, output } = this.store.get();
    if (!replying && output.queuedSamples === 0) return;
    const cuts = await this.output.interrupt(replying);
    for (const cut of cuts) {
      this.#dialog((dialog) => dialog.truncate(cut));
      this.#converse((entries) => conversation.applyCut(entries, cut));
    }
    if (cuts.length > 0) this.store.set({ cuts: [...this.store.get().cuts, ...cuts].slice(-100) });
  }

  #sendAudio(samples: Int16Array): void {
    if (this.store.get().phase !== 'ready') return;
    this.#dialog((dialog) => dialog.audio(toBase64(samples)));
    this.store.set({ sentSamples: this.store.get().sentSamples + samples.length });
  }

  /** The gateway's record of the session; also noted with the turn that just ended. */
  async #report(turn: number | undefined): Promise<void> {
    const { session, form } = this.store.get();
    if (session === undefined) return;
    const report = await readSessionReport(this.#around.fetch, session.id, form.key).catch(() => undefined);
    if (report === undefined || this.store.get().session?.id !== session.id) return;
    if (turn !== undefined) this.#turns.measured(turn, report);
    this.store.set({ report });
    this.#publishTurns();
  }

  #dialog(what: (dialog: Session['dialog']) => readonly Message[]): void {
    const session = this.#session;
    if (session !== undefined) session.send(what(session.dialog));
  }

  #converse(change: (entries: conversation.Conversation) => conversation.Conversation): void {
    this.store.set({ conversation: change(this.store.get().conversation) });
  }

  #reserve(itemId: string): void {
    this.#converse((entries) => conversation.reserve(entries, itemId, 'you'));
  }

  /** Gives a caption of the caller the shape of what was just spoken, once. */
  #shape(itemId: string): void {
    if (this.#shaped.has(itemId)) return;
    this.#shaped.add(itemId);
    this.waves.append(itemId, this.input.lastUtterance());
    this.waves.played(itemId, Number.POSITIVE_INFINITY);
  }

  #publishTurns(): void {
    this.store.set({ turns: this.#turns.turns });
  }

  #patchSession(change: Partial<NonNullable<ConsoleState['session']>>): void {
    const { session } = this.store.get();
    if (session !== undefined) this.store.set({ session: { ...session, ...change } });
  }

  #isVoice(): boolean {
    return this.store.get().session?.mode.modality === 'voice';
  }

  #newTurns(): TurnKeeper {
    return new TurnKeeper((id) => void this.#report(id));
  }

  #newOutput(): ReplyOutput {
    return new ReplyOutput({
      waves: this.waves,
      open: (handlers) => this.#around.openPlayer(handlers),
      onStarted: (itemId, at) => {
        this.#turns.played(itemId, at);
        this.#publishTurns();
      },
      onCounts: (output) => this.store.set({ output }),
    });
  }
}

function settingsOf({ mode, model, instructions, voice, turnTaking, tools }: Form): Settings {
  return {
    model: model.trim(),
    instructions: instructions.trim(),
    voice: voice.trim(),
    modality: mode.modality,
    turnTaking: mode.modality === 'voice' ? turnTaking : 'detect',
    tools,
  };
}
