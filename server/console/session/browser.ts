// The browser as the page's logic needs it, named so that tests can replace it.

import type { Device, Microphone, MicrophoneOptions } from '../audio/microphone.ts';
import type { Player, PlayerHandlers } from '../audio/player.ts';
import type { Recording } from '../audio/recording.ts';
import type { SpeechClock } from '../audio/speech.ts';
import type { PageSocket } from './connection.ts';

export interface BrowserApi {
  readonly origin: string;
  readonly clock: SpeechClock;
  readonly fetch: typeof fetch;
  dial(url: URL, protocols: string[]): PageSocket;
  openMicrophone(options: MicrophoneOptions): Promise<Microphone>;
  openPlayer(handlers: PlayerHandlers): Promise<Player>;
  listMicrophones(): Promise<Device[]>;
  loadRecording(name: string): Promise<Recording>;
  newId(): string;
  /** Wall clock, milliseconds. */
  date(): number;
  wait(ms: number): Promise<void>;
}
