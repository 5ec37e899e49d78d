// What the views call: it starts and ends sessions and owns the microphone. It knows no DOM:
// sockets, devices, clock and HTTP are given to it.

import { diagnose, readGatewayInfo, readSessionReport, sessionAddress } from '../api/gateway.ts';
import { WaveBook } from '../audio/waveforms.ts';
import type { ViewEvent } from '../dialects/dialect.ts';
import { EventLog } from '../state/event-log.ts';
import { editForm, pathOf, settingsOf } from '../state/form.ts';
import * as failure from '../state/notices.ts';
import {
  type ConsoleState,
  type Form,
  initialState,
  isBusy,
  mayHold,
  nobodySpeaks,
  type RunningSession,
} from '../state/state.ts';
import type { Store } from '../state/store.ts';
import type { Surroundings } from './browser.ts';
import { Session, type SessionState } from './connection.ts';
import { Talk } from './conversation.ts';
import { CallerMicrophone } from './microphone-control.ts';
import { type AfterCall, Follower } from './side-task-follower.ts';
import { SpeechInput } from './speech-input.ts';

export class Conductor {
  readonly log = new EventLog();
  readonly waves = new WaveBook();
  readonly store: Store<ConsoleState>;
  readonly input: SpeechInput;
  readonly microphone: CallerMicrophone;
  readonly #around: Surroundings;
  #session: Session | undefined;
  #talk: Talk | undefined;
  #follower: Follower | undefined;
  #whenReady: (() => void) | undefined;
  #noticeId = 0;

  constructor(store: Store<ConsoleState>, around: Surroundings) {
    this.store = store;
    this.#around = around;
    this.input = new SpeechInput({
      clock: around.clock,
      open: (options) => around.openMicrophone(options),
      onChunk: (samples) => {
        if (this.store.get().phase === 'ready') this.#talk?.sendAudio(samples);
      },
      onMicrophoneEnded: () => {
        this.store.set({ microphone: 'off' });
        this.notify(failure.microphoneLost());
      },
    });
    const { input } = this;
    this.microphone = new CallerMicrophone({ store, input, around, notify: (notice) => this.notify(notice) });
  }

  /** How loud the reply is that is being played, 0 to 1. */
  outputPeak(): number {
    return this.#talk?.output.player?.peak() ?? 0;
  }

  /** Reads what the gateway offers. */
  async load(): Promise<void> {
    try {
      this.store.set({ gateway: await readGatewayInfo(this.#around.fetch) });
      this.edit({});
    } catch {
      this.notify(failure.infoFailure());
    }
    await this.microphone.refresh();
  }

  edit(change: Partial<Form>): void {
    const { form, gateway } = this.store.get();
    this.store.set({ form: editForm(form, change, gateway) });
  }

  notify(notice: failure.Notice): void {
    this.#noticeId += 1;
    const others = this.store.get().notices.filter(({ title }) => title !== notice.title);
    this.store.set({ notices: [...others, { ...notice, id: this.#noticeId }].slice(-4) });
  }

  dismiss(id: number): void {
    this.store.set({ notices: this.store.get().notices.filter((notice) => notice.id !== id) });
  }

  /** Runs once, when the session that is started next is ready. */
  whenReady(run: () => void): void {
    this.#whenReady = run;
  }

  /** Opens a session with the form as it is. Called from a click: sound needs that. */
  async start(): Promise<void> {
    const { form, phase } = this.store.get();
    if (isBusy(phase)) return;
    const session = this.#prepare(form);
    if (form.mode.modality === 'voice') await this.#openSound(form);
    const now = this.store.get();
    if (now.phase !== 'starting' || now.session?.id !== session.id) return;
    try {
      this.#connect(form, session.id);
    } catch (cause) {
      this.#ended();
      this.notify(failure.socketFailure(cause));
    }
  }

  end(): void {
    if (this.#session === undefined) this.#ended();
    else this.#session.end();
  }

  mute(muted: boolean): void {
    const { session } = this.store.get();
    const paused = this.microphone.mute(muted) && session?.turnTaking === 'detect';
    if (paused) this.#session?.send(this.#session.dialog.audioPause());
  }

  /** Push-to-talk goes down. */
  async hold(): Promise<void> {
    if (!mayHold(this.store.get())) return;
    this.store.set({ talking: true });
    if (this.store.get().microphone === 'off') await this.microphone.open();
    // Asking may have taken long: speak only if the key is still down.
    if (this.store.get().talking && this.store.get().microphone === 'on') this.#talk?.beginSpeech();
    else this.store.set({ talking: false });
  }

  /** Push-to-talk goes up. */
  release(): void {
    if (!this.store.get().talking) return;
    this.store.set({ talking: false });
    this.#talk?.endSpeech();
  }

  /** Speaks one of the recordings into the session. */
  async playSample(name: string): Promise<void> {
    const { phase, talking } = this.store.get();
    if (phase !== 'ready' || talking || this.input.recording) return;
    const talk = this.#talk;
    try {
      const recording = await this.#around.loadRecording(name);
      if (talk === this.#talk && !this.input.recording) talk?.play(name, recording);
    } catch (cause) {
      this.notify(failure.sampleFailure(cause));
    }
  }

  stopSample(): void {
    this.#talk?.stopPlaying();
  }

  /** Sends a written message; a reply in progress is interrupted by it. */
  async write(text: string): Promise<void> {
    const words = text.trim();
    if (words !== '' && this.store.get().phase === 'ready') await this.#talk?.write(words);
  }

  /** Silences the reply that is being given. */
  async stopReply(): Promise<void> {
    if (this.store.get().phase === 'ready') await this.#talk?.interrupt();
  }

  #prepare(form: Form): RunningSession {
    const { gateway, devices, microphone } = this.store.get();
    const provider = gateway?.providers.find(({ name }) => name === form.provider);
    const session: RunningSession = {
      id: this.#around.newId(),
      mode: form.mode,
      provider: form.provider,
      rehearsal: provider?.status === 'rehearsal',
      model: form.model,
      turnTaking: settingsOf(form).turnTaking,
      openedAt: undefined,
      endedAt: undefined,
    };
    this.#follower?.stop();
    this.log.clear();
    this.input.muted = false;
    this.input.gateOpen = session.turnTaking === 'detect';
    this.store.set({ ...initialState, gateway, form, devices, microphone, session, phase: 'starting' });
    const { store, input, waves } = this;
    this.#talk = new Talk({
      ...{ store, input, waves, session, around: this.#around },
      send: (what) => this.#session?.send(what(this.#session.dialog)),
      notify: (notice) => this.notify(notice),
      onTurnClosed: (id) => void this.#report(id),
    });
    return session;
  }

  async #openSound(form: Form): Promise<void> {
    // Both at once: the player must be made while the click still counts.
    const player = this.#talk?.output.open().catch((cause: unknown) => this.notify(failure.playbackFailure(cause)));
    if (form.input === 'microphone') await this.microphone.open();
    await player;
  }

  #connect(form: Form, id: string): void {
    const path = pathOf(form, this.store.get().gateway);
    const settings = settingsOf(form);
    const { query, protocols } = form.mode.dialect.address(settings, form.key);
    const url = sessionAddress(this.#around.origin, path, query);
    const plainUrl = new URL(url);
    plainUrl.protocol = url.protocol === 'wss:' ? 'https:' : 'http:';
    url.searchParams.set('trunkline-session', id);
    this.#session = new Session({
      socket: this.#around.dial(url, protocols),
      dialog: form.mode.dialect.dialog(settings),
      now: () => this.#around.clock.now(),
      onFrame: (frame, message) => this.log.record(frame, message),
      onEvent: (event, at) => this.#happened(event, at),
      onState: (state) => this.#entered(state, plainUrl.href, form.key),
    });
    this.store.set({ phase: 'connecting' });
  }

  #entered(state: SessionState, plainUrl: string, key: string): void {
    if (state.name !== 'closed') this.store.set({ phase: state.name });
    if (state.name === 'preparing') {
      this.#patchSession({ openedAt: this.#around.date() });
      this.#follow(key);
    }
    if (state.name === 'ready') {
      this.#whenReady?.();
      this.#whenReady = undefined;
    }
    if (state.name !== 'closed') return;
    this.#ended();
    const notice = state.opened ? failure.closeNotice(state.code, state.reason) : undefined;
    if (notice !== undefined) this.notify(notice);
    if (state.opened) this.#follower?.ended();
    if (state.opened) void this.#finalReport();
    else void diagnose(this.#around.fetch, plainUrl, key).then((why) => this.notify(failure.connectFailure(why)));
  }

  #happened(event: ViewEvent, at: number): void {
    if (event.kind === 'hello' && event.model !== undefined) this.#patchSession({ model: event.model });
    if (event.kind === 'expiring') this.notify(failure.expiring(event.inText));
    if (event.kind === 'error') {
      const notice = failure.providerError(event.code, event.message);
      if (notice !== undefined) this.notify(notice);
    }
    this.#talk?.happened(event, at);
  }

  #ended(): void {
    this.#session = undefined;
    this.#whenReady = undefined;
    this.#talk?.close();
    this.microphone.close();
    this.#patchSession({ endedAt: this.#around.date() });
    this.store.set({ ...nobodySpeaks, phase: 'closed' });
  }

  /** The gateway's record of the session; also noted with the turn that just ended. */
  async #report(turn: number | undefined): Promise<ConsoleState['report']> {
    const { session, form } = this.store.get();
    if (session === undefined) return undefined;
    const report = await readSessionReport(this.#around.fetch, session.id, form.key).catch(() => undefined);
    if (report === undefined || this.store.get().session?.id !== session.id) return undefined;
    this.store.set({ report });
    if (turn !== undefined) this.#talk?.turns.measured(turn, report);
    this.#talk?.publishTurns();
    return report;
  }

  /** The record is complete a moment after the close. */
  async #finalReport(): Promise<void> {
    for (let attempt = 0; attempt < 5; attempt++) {
      const report = await this.#report(undefined);
      if (report?.state === 'closed' || isBusy(this.store.get().phase)) return;
      await this.#around.wait(300);
    }
  }

  /** Where the gateway has a side path, the page shows what it makes of this session. */
  #follow(key: string): void {
    const { session, gateway } = this.store.get();
    if (session === undefined || gateway?.side === undefined) return;
    const { fetch, wait } = this.#around;
    const onChange = (after: AfterCall) => this.store.set({ after });
    this.#follower = new Follower({ fetch, wait, session: session.id, key, onChange });
    void this.#follower.run();
  }

  #patchSession(change: Partial<RunningSession>): void {
    const { session } = this.store.get();
    if (session !== undefined) this.store.set({ session: { ...session, ...change } });
  }
}
