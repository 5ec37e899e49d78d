// The microphone as the page shows it: off, asked for, on, muted; and the list of devices.

import * as failure from '../state/notices.ts';
import { type ConsoleState, isBusy } from '../state/state.ts';
import type { Store } from '../state/store.ts';
import type { Surroundings } from './browser.ts';
import type { SpeechInput } from './speech-input.ts';

export interface CallerMicrophoneOptions {
  readonly store: Store<ConsoleState>;
  readonly input: SpeechInput;
  readonly around: Surroundings;
  notify(notice: failure.Notice): void;
}

export class CallerMicrophone {
  readonly #options: CallerMicrophoneOptions;

  constructor(options: CallerMicrophoneOptions) {
    this.#options = options;
  }

  /** For its level and the names of the devices, or for the session that runs. A failure is shown, not thrown. */
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
      notify(failure.microphoneFailure(cause));
    }
    await this.refresh();
  }

  close(): void {
    this.#options.input.closeMicrophone();
    this.#options.store.set({ microphone: 'off' });
  }

  /** True when it is muted now and was not before. */
  mute(muted: boolean): boolean {
    const { store, input } = this.#options;
    const { microphone } = store.get();
    if (microphone !== 'on' && microphone !== 'muted') return false;
    input.muted = muted;
    store.set({ microphone: muted ? 'muted' : 'on' });
    return muted && microphone === 'on';
  }

  async refresh(): Promise<void> {
    const { store, around } = this.#options;
    store.set({ devices: await around.listMicrophones().catch(() => []) });
  }
}
