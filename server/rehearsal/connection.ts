// A connection of the rehearsal provider: gives frames, time and speech to a simulator, and carries out its actions.
// Rule: there is one timer at most, and none while the simulator waits for nothing.

import type { RawData, WebSocket } from 'ws';
import type { Action, Simulator, SpeakAction } from '../../adapters/simulators/contract.ts';
import type { RehearsalFaults } from '../config/rehearsal-schema.ts';
import { injectFaults } from './faults.ts';
import type { Synthesiser } from './speech.ts';

/** A client that does not read its replies is disconnected beyond this, so that it cannot fill the memory. */
const MAX_QUEUED_BYTES = 64 * 1024 * 1024;

/** A message of this size is audio. */
const AUDIO_BYTES = 1024;

export class RehearsalConnection {
  readonly #socket: WebSocket;
  readonly #simulator: Simulator;
  readonly #synthesiser: Synthesiser;
  readonly #faults: RehearsalFaults;
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs: number | undefined;
  #stopFaults: () => void = () => {};
  #isSilent = false;
  #isEnded = false;

  constructor(setup: {
    socket: WebSocket;
    simulator: Simulator;
    synthesiser: Synthesiser;
    faults: RehearsalFaults;
  }) {
    this.#socket = setup.socket;
    this.#simulator = setup.simulator;
    this.#synthesiser = setup.synthesiser;
    this.#faults = setup.faults;
  }

  open(): void {
    this.#socket.on('error', () => this.#socket.terminate());
    this.#socket.on('close', () => this.#end());
    this.#socket.on('message', (data, binary) => this.#received(data, binary));
    this.#stopFaults = injectFaults(this.#socket, this.#faults, () => {
      this.#isSilent = true;
    });
    this.#run(() => this.#simulator.opened(performance.now()));
  }

  #received(data: RawData, binary: boolean): void {
    // Spoken input will be answered in speech.
    if ((data as Buffer).length > AUDIO_BYTES) this.#synthesiser.prepare();
    this.#run(() => this.#simulator.received({ data: data as Buffer, binary, at: performance.now() }));
  }

  /** Gives an input to the simulator. An exception of the simulator ends this connection and no other. */
  #run(input: () => readonly Action[]): void {
    if (this.#isEnded) return;
    try {
      for (const action of input()) this.#act(action);
    } catch {
      this.#socket.close(1011, 'The rehearsal provider failed.');
      this.#end();
    }
    this.#schedule();
  }

  #act(action: Action): void {
    switch (action.do) {
      case 'send':
        if (!this.#isSilent) this.#socket.send(action.data, { binary: action.binary });
        if (this.#socket.bufferedAmount > MAX_QUEUED_BYTES) this.#socket.terminate();
        break;
      case 'speak':
        void this.#speak(action);
        break;
      case 'close':
        this.#socket.close(action.code, action.reason);
        break;
    }
  }

  async #speak(action: SpeakAction): Promise<void> {
    const samples = await this.#synthesiser.speak(action.text, action.sampleRateHz);
    this.#run(() => action.spoken(samples, performance.now()));
  }

  #schedule(): void {
    const wakeAtMs = this.#isEnded ? undefined : this.#simulator.wakeAtMs;
    if (wakeAtMs === this.#timerAtMs) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = wakeAtMs;
    if (wakeAtMs === undefined) return;
    this.#timer = setTimeout(() => this.#wake(), Math.max(0, Math.ceil(wakeAtMs - performance.now())));
  }

  #wake(): void {
    this.#timerAtMs = undefined;
    this.#run(() => this.#simulator.woken(performance.now()));
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    clearTimeout(this.#timer);
    this.#stopFaults();
    this.#simulator.ended();
  }
}
