// A connection of the rehearsal provider: gives frames, time and speech to a simulator, and carries out its actions.
// Rule: there is one timer at most, and none while the simulator waits for nothing.

import type { RawData, WebSocket } from 'ws';
import type { Action, Simulator, SpeakAction } from '../../adapters/simulators/contract.ts';
import type { RehearsalFaults } from '../config/rehearsal/rehearsal-schema.ts';
import { injectFaults } from './faults.ts';
import type { Synthesiser } from './speech.ts';

/** A client that does not read its replies is disconnected beyond this, so that it cannot fill the memory. */
const MAX_QUEUED_BYTES = 64 * 1024 * 1024;

/** A message of this size is audio. */
const AUDIO_BYTES = 1024;

interface ConnectionSetup {
  readonly socket: WebSocket;
  readonly simulator: Simulator;
  readonly synthesiser: Synthesiser;
  readonly faults: RehearsalFaults;
}

export class RehearsalConnection {
  readonly #setup: ConnectionSetup;
  #stopFaults = () => {};
  #timer: NodeJS.Timeout | undefined;
  #isSilent = false;
  #isEnded = false;

  constructor(setup: ConnectionSetup) {
    this.#setup = setup;
  }

  open(): void {
    const { socket, simulator, faults } = this.#setup;
    socket.on('error', () => socket.terminate());
    socket.on('close', () => this.#end());
    socket.on('message', (data, binary) => this.#received(data, binary));
    this.#stopFaults = injectFaults(socket, faults, () => {
      this.#isSilent = true;
    });
    this.#run(() => simulator.opened(performance.now()));
  }

  #received(data: RawData, binary: boolean): void {
    const { synthesiser, simulator } = this.#setup;
    // Spoken input will be answered in speech.
    if ((data as Buffer).length > AUDIO_BYTES) synthesiser.prepare();
    this.#run(() => simulator.received({ data: data as Buffer, binary, at: performance.now() }));
  }

  /** Gives an input to the simulator. An exception of the simulator ends this connection and no other. */
  #run(input: () => readonly Action[]): void {
    if (this.#isEnded) return;
    try {
      for (const action of input()) this.#act(action);
    } catch {
      this.#setup.socket.close(1011, 'The rehearsal provider failed.');
      this.#end();
    }
    this.#schedule();
  }

  #act(action: Action): void {
    const { socket } = this.#setup;
    if (action.do === 'speak') void this.#speak(action);
    else if (action.do === 'close') socket.close(action.code, action.reason);
    else {
      if (!this.#isSilent) socket.send(action.data, { binary: action.binary });
      if (socket.bufferedAmount > MAX_QUEUED_BYTES) socket.terminate();
    }
  }

  async #speak(action: SpeakAction): Promise<void> {
    const samples = await this.#setup.synthesiser.speak(action.text, action.sampleRateHz);
    this.#run(() => action.spoken(samples, performance.now()));
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const { simulator } = this.#setup;
    const { wakeAtMs } = simulator;
    if (this.#isEnded || wakeAtMs === undefined) return;
    const wake = () => this.#run(() => simulator.woken(performance.now()));
    this.#timer = setTimeout(wake, Math.max(0, Math.ceil(wakeAtMs - performance.now())));
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    clearTimeout(this.#timer);
    this.#stopFaults();
    this.#setup.simulator.ended();
  }
}
