// The controller that the views call: it starts and ends sessions and owns the microphone.
// It knows no DOM: sockets, devices, clock and HTTP are given to it.

import { diagnose, readGatewayInfo, sessionAddress } from '../api/gateway.ts';
import { Waveforms } from '../audio/waveforms.ts';
import type { ViewEvent } from '../dialects/dialect.ts';
import { EventLog } from '../state/event-log.ts';
import { editForm, pathToDial, settingsOfForm } from '../state/form.ts';
import * as notices from '../state/notices.ts';
import {
  type ConsoleState,
  initialState,
  isBusy,
  mayPushToTalk,
  nobodySpeaks,
  type RunningSession,
  type SessionForm,
} from '../state/state.ts';
import type { StateStore } from '../state/store.ts';
import type { BrowserApi } from './browser.ts';
import { type ConnectionState, GatewayConnection } from './connection.ts';
import { LiveConversation } from './conversation.ts';
import { MicrophoneControl } from './microphone-control.ts';
import { SessionWatcher } from './session-watcher.ts';
import { SpeechInput } from './speech-input.ts';

export class ConsoleController {
  readonly log = new EventLog();
  readonly waveforms = new Waveforms();
  readonly store: StateStore<ConsoleState>;
  readonly input: SpeechInput;
  readonly microphone: MicrophoneControl;
  readonly #browser: BrowserApi;
  readonly #watcher: SessionWatcher;
  #connection: GatewayConnection | undefined;
  #conversation: LiveConversation | undefined;
  #whenReady: (() => void) | undefined;
  #noticeId = 0;

  constructor(store: StateStore<ConsoleState>, browser: BrowserApi) {
    this.store = store;
    this.#browser = browser;
    this.input = new SpeechInput({
      clock: browser.clock,
      open: (options) => browser.openMicrophone(options),
      onChunk: (samples) => {
        if (this.state.phase === 'ready') this.#conversation?.sendAudio(samples);
      },
      onMicrophoneEnded: () => {
        this.store.set({ microphone: 'off' });
        this.notify(notices.microphoneLost);
      },
    });
    const { input } = this;
    this.microphone = new MicrophoneControl({ store, input, browser, notify: (notice) => this.notify(notice) });
    this.#watcher = new SessionWatcher(store, browser);
  }

  get state(): ConsoleState {
    return this.store.get();
  }

  /** Loudness of the reply that is being played, 0 to 1. */
  outputPeak(): number {
    return this.#conversation?.playback.player?.peak() ?? 0;
  }

  /** Reads what the gateway offers. */
  async load(): Promise<void> {
    try {
      this.store.set({ gateway: await readGatewayInfo(this.#browser.fetch) });
      this.edit({});
    } catch {
      this.notify(notices.infoFailure);
    }
    await this.microphone.refresh();
  }

  edit(change: Partial<SessionForm>): void {
    const { form, gateway } = this.state;
    this.store.set({ form: editForm(form, change, gateway) });
  }

  notify(notice: notices.Notice): void {
    this.#noticeId += 1;
    const others = this.state.notices.filter(({ title }) => title !== notice.title);
    this.store.set({ notices: [...others, { ...notice, id: this.#noticeId }].slice(-4) });
  }

  dismiss(id: number): void {
    this.store.set({ notices: this.state.notices.filter((notice) => notice.id !== id) });
  }

  /** Calls `run` once, when the next session is ready. */
  whenReady(run: () => void): void {
    this.#whenReady = run;
  }

  /** Opens a session with the form as it is. Must be called from a click: sound needs that. */
  async start(): Promise<void> {
    const { form, phase } = this.state;
    if (isBusy(phase)) return;
    const session = this.#prepare(form);
    if (form.mode.modality === 'voice') await this.#openSound(form);
    const now = this.state;
    if (now.phase !== 'starting' || now.session?.id !== session.id) return;
    try {
      this.#connect(form, session.id);
    } catch (cause) {
      this.#endSession();
      this.notify(notices.socketFailure(cause));
    }
  }

  end(): void {
    if (this.#connection === undefined) this.#endSession();
    else this.#connection.end();
  }

  mute(muted: boolean): void {
    const { session } = this.state;
    const paused = this.microphone.mute(muted) && session?.turnTaking === 'detect';
    if (paused) this.#connection?.send((client) => client.audioPause?.());
  }

  /** Starts to send the microphone, while the key or the button is down. */
  async beginPushToTalk(): Promise<void> {
    if (!mayPushToTalk(this.state)) return;
    this.store.set({ pushToTalk: true });
    if (this.state.microphone === 'off') await this.microphone.open();
    // Asking may have taken long: speak only if the key is still down.
    if (this.state.pushToTalk && this.state.microphone === 'on') this.#conversation?.beginSpeech();
    else this.store.set({ pushToTalk: false });
  }

  endPushToTalk(): void {
    if (!this.state.pushToTalk) return;
    this.store.set({ pushToTalk: false });
    this.#conversation?.endSpeech();
  }

  /** Speaks one of the recordings into the session. */
  async playSample(name: string): Promise<void> {
    const { phase, pushToTalk } = this.state;
    if (phase !== 'ready' || pushToTalk || this.input.isPlayingRecording) return;
    const conversation = this.#conversation;
    try {
      const recording = await this.#browser.loadRecording(name);
      if (conversation === this.#conversation && !this.input.isPlayingRecording) conversation?.play(name, recording);
    } catch (cause) {
      this.notify(notices.sampleFailure(cause));
    }
  }

  stopSample(): void {
    this.#conversation?.stopPlaying();
  }

  /** Sends a written message, which interrupts a reply in progress. */
  async write(text: string): Promise<void> {
    const words = text.trim();
    if (words !== '' && this.state.phase === 'ready') await this.#conversation?.write(words);
  }

  /** Silences the reply that is being given. */
  async stopReply(): Promise<void> {
    if (this.state.phase === 'ready') await this.#conversation?.interrupt();
  }

  #prepare(form: SessionForm): RunningSession {
    const { gateway, devices, microphone } = this.state;
    const provider = gateway?.providers.find(({ name }) => name === form.provider);
    const session: RunningSession = {
      id: this.#browser.newId(),
      mode: form.mode,
      provider: form.provider,
      rehearsal: provider?.status === 'rehearsal',
      model: form.model,
      turnTaking: settingsOfForm(form).turnTaking,
      openedAt: undefined,
      endedAt: undefined,
    };
    this.#watcher.stop();
    this.log.clear();
    this.input.muted = false;
    this.input.gateOpen = session.turnTaking === 'detect';
    this.store.set({ ...initialState, gateway, form, devices, microphone, session, phase: 'starting' });
    const { store, input, waveforms } = this;
    this.#conversation = new LiveConversation({
      ...{ store, input, waveforms, session, browser: this.#browser },
      send: (messagesOf) => this.#connection?.send(messagesOf),
      notify: (notice) => this.notify(notice),
      readReport: () => this.#watcher.read(),
    });
    return session;
  }

  async #openSound(form: SessionForm): Promise<void> {
    // Player and microphone are opened at once: the player must be made while the click still counts.
    const player = this.#conversation?.playback
      .open()
      .catch((cause: unknown) => this.notify(notices.playbackFailure(cause)));
    if (form.input === 'microphone') await this.microphone.open();
    await player;
  }

  #connect(form: SessionForm, id: string): void {
    const path = pathToDial(form, this.state.gateway);
    const settings = settingsOfForm(form);
    const { query, protocols } = form.mode.dialect.address(settings, form.key);
    const url = sessionAddress(this.#browser.origin, path, query);
    const plainUrl = url.href.replace(/^ws/, 'http');
    url.searchParams.set('trunkline-session', id);
    this.#connection = new GatewayConnection({
      socket: this.#browser.dial(url, protocols),
      client: form.mode.dialect.createClient(settings),
      now: () => this.#browser.clock.now(),
      onFrame: (frame, message) => this.log.record(frame, message),
      onEvent: (event, at) => this.#handleEvent(event, at),
      onState: (state) => this.#handleState(state, plainUrl, form.key),
    });
    this.store.set({ phase: 'connecting' });
  }

  #handleState(state: ConnectionState, plainUrl: string, key: string): void {
    if (state.name !== 'closed') this.store.set({ phase: state.name });
    if (state.name === 'preparing') {
      this.#patchSession({ openedAt: this.#browser.date() });
      this.#watcher.sessionOpened(key);
    }
    if (state.name === 'ready') {
      this.#whenReady?.();
      this.#whenReady = undefined;
    }
    if (state.name !== 'closed') return;
    this.#endSession();
    const notice = state.opened ? notices.closeNotice(state.code, state.reason) : undefined;
    if (notice !== undefined) this.notify(notice);
    if (state.opened) void this.#watcher.sessionEnded();
    else void diagnose(this.#browser.fetch, plainUrl, key).then((why) => this.notify(notices.connectFailure(why)));
  }

  #handleEvent(event: ViewEvent, at: number): void {
    if (event.kind === 'hello' && event.model !== undefined) this.#patchSession({ model: event.model });
    if (event.kind === 'expiring') this.notify(notices.sessionExpiring(event.inText));
    if (event.kind === 'error') {
      const notice = notices.providerError(event.code, event.message);
      if (notice !== undefined) this.notify(notice);
    }
    this.#conversation?.handleEvent(event, at);
  }

  /** Releases everything that the session held. */
  #endSession(): void {
    this.#connection = undefined;
    this.#whenReady = undefined;
    this.#conversation?.close();
    this.microphone.close();
    this.#patchSession({ endedAt: this.#browser.date() });
    this.store.set({ ...nobodySpeaks, phase: 'closed' });
  }

  #patchSession(change: Partial<RunningSession>): void {
    const { session } = this.state;
    if (session !== undefined) this.store.set({ session: { ...session, ...change } });
  }
}
