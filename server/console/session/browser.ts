// What the page's logic needs from a browser, named so that tests can stand in for it.

import type { Device, Microphone, MicrophoneOptions } from '../audio/microphone.ts';
import type { Player, PlayerHandlers } from '../audio/player.ts';
import type { SpeechClock } from '../audio/speech.ts';
import type { Recording } from '../audio/wav.ts';
import type { Socket } from './connection.ts';

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
  wait(ms: number): Promise<void>;
}
