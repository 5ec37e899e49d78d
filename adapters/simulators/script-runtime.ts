// The runtime of a provider script: a virtual clock with timers, and the actions that the script takes.
// Rule: time moves only when the host says so; due timers run first, each at its own planned time.

import type { Frame } from '../../codecs/websocket/frame.ts';
import type { Action, Simulator } from './contract.ts';

/** A planned call. `cancel` does nothing once it ran. */
export interface VirtualTimer {
  cancel(): void;
}

interface PlannedTimer extends VirtualTimer {
  readonly atMs: number;
  readonly callback: () => void;
}

/** The clock, the timers and the outgoing actions of one connection. */
export class ScriptRuntime {
  #nowMs = 0;
  #timers: PlannedTimer[] = [];
  #actions: Action[] = [];
  #isClosed = false;

  /** Monotonic milliseconds. */
  get nowMs(): number {
    return this.#nowMs;
  }

  get wakeAtMs(): number | undefined {
    return this.#timers[0]?.atMs;
  }

  send(data: string | Buffer, binary = false): void {
    if (!this.#isClosed) this.#actions.push({ do: 'send', data, binary });
  }

  /** Calls back with the synthesised samples, unless the connection ends first. */
  speak(text: string, sampleRateHz: number, callback: (samples: Int16Array) => void): void {
    if (this.#isClosed) return;
    const spoken = (samples: Int16Array, nowMs: number) => this.run(nowMs, () => callback(samples));
    this.#actions.push({ do: 'speak', text, sampleRateHz, spoken });
  }

  /** Closes the connection. All timers are dropped, and no action follows. */
  close(code: number, reason: string): void {
    if (this.#isClosed) return;
    this.#actions.push({ do: 'close', code, reason });
    this.end();
  }

  end(): void {
    this.#isClosed = true;
    this.#timers = [];
  }

  /** Plans a call. Timers of the same time run in the order of their planning. */
  after(delayMs: number, callback: () => void): VirtualTimer {
    const cancel = () => {
      this.#timers = this.#timers.filter((planned) => planned !== timer);
    };
    const timer: PlannedTimer = { atMs: this.#nowMs + delayMs, callback, cancel };
    if (this.#isClosed) return timer;
    const index = this.#timers.findIndex(({ atMs }) => atMs > timer.atMs);
    this.#timers.splice(index < 0 ? this.#timers.length : index, 0, timer);
    return timer;
  }

  /** Moves the clock to `nowMs`, then gives the script its input. Returns the actions that follow from both. */
  run(nowMs: number, input: () => void): readonly Action[] {
    this.#runDue(nowMs);
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    if (!this.#isClosed) input();
    this.#runDue(nowMs);
    const actions = this.#actions;
    this.#actions = [];
    return actions;
  }

  #runDue(nowMs: number): void {
    for (let timer = this.#timers[0]; timer && timer.atMs <= nowMs; timer = this.#timers[0]) {
      this.#timers.shift();
      this.#nowMs = Math.max(this.#nowMs, timer.atMs);
      timer.callback();
    }
  }
}

/** The part that each dialect writes. It acts through its {@link ScriptRuntime}. */
export interface ProviderScript {
  opened(): void;
  received(frame: Frame): void;
  ended(): void;
}

/** Starts the script of one connection, as the simulator that the host runs. */
export function startScript(create: (runtime: ScriptRuntime) => ProviderScript): Simulator {
  const runtime = new ScriptRuntime();
  const script = create(runtime);
  return {
    opened: (nowMs) => runtime.run(nowMs, () => script.opened()),
    received: (frame) => runtime.run(frame.at, () => script.received(frame)),
    woken: (nowMs) => runtime.run(nowMs, () => {}),
    get wakeAtMs() {
      return runtime.wakeAtMs;
    },
    ended() {
      runtime.end();
      script.ended();
    },
  };
}
