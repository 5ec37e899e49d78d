// The microphone as the page shows it: off, asked for, on, muted; and the list of devices.

import * as notices from '../state/notices.ts';
import { type ConsoleState, isBusy } from '../state/state.ts';
import type { StateStore } from '../state/store.ts';
import type { BrowserApi } from './browser.ts';
import type { SpeechInput } from './speech-input.ts';

interface MicrophoneControlOptions {
  readonly store: StateStore<ConsoleState>;
  readonly input: SpeechInput;
  readonly browser: BrowserApi;
  notify(notice: notices.Notice): void;
}

export class MicrophoneControl {
  readonly #options: MicrophoneControlOptions;

  constructor(options: MicrophoneControlOptions) {
    this.#options = options;
  }

  /** Opens it for the session that runs, or to see its level and the names of the devices. A failure is shown, not thrown. */
  async open(): Promise<void> {
    const { store, input, notify } = this.#options;
    const { form, session, phase } = store.get();
    const { dialect } = isBusy(phase) && session !== undefined ? session.mode : form.mode;
    store.set({ microphone: 'asking' });
    try {
      const isOpen = await input.openMicrophone(form.deviceId, dialect.inputRateHz);
      if (isOpen) store.set({ microphone: input.muted ? 'muted' : 'on' });
    } catch (cause) {
      store.set({ microphone: 'off' });
      notify(notices.microphoneFailure(cause));
    }
    await this.refresh();
  }

  close(): void {
    this.#options.input.closeMicrophone();
    this.#options.store.set({ microphone: 'off' });
  }

  /** Mutes or unmutes. True when it is muted now and was not before. */
  mute(muted: boolean): boolean {
    const { store, input } = this.#options;
    const { microphone } = store.get();
    if (microphone !== 'on' && microphone !== 'muted') return false;
    input.muted = muted;
    store.set({ microphone: muted ? 'muted' : 'on' });
    return muted && microphone === 'on';
  }

  /** Reads the list of devices again. */
  async refresh(): Promise<void> {
    const { store, browser } = this.#options;
    store.set({ devices: await browser.listMicrophones().catch(() => []) });
  }
}
