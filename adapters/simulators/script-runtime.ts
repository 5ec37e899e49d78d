// Where a script plays: its clock, the steps it has planned, and the actions it has taken.
// Rule: time only moves when the host tells; steps that are due run first, each at its own planned time.

import { randomBytes } from 'node:crypto';
import type { Action, Connection, ProviderScript, Simulator, SimulatorRoute, Speech } from './contract.ts';

/** A planned step; may be cancelled, also when it already ran. */
export interface VirtualTimer {
  cancel(): void;
}

interface Planned extends VirtualTimer {
  readonly atMs: number;
  readonly run: () => void;
}

interface Awaited {
  readonly text: string;
  readonly sampleRateHz: number;
  readonly then: (samples: Int16Array) => void;
}

/** One connection's clock, plan and outgoing actions. */
export class ScriptRuntime {
  #nowMs = 0;
  #planned: Planned[] = [];
  #actions: Action[] = [];
  #awaited: Awaited[] = [];
  #closed = false;

  /** Monotonic milliseconds. */
  get nowMs(): number {
    return this.#nowMs;
  }

  get wakeAtMs(): number | undefined {
    return this.#planned[0]?.atMs;
  }

  send(data: string | Buffer, binary = false): void {
    if (!this.#closed) this.#actions.push({ do: 'send', data, binary });
  }

  /** `then` is called with the synthesised samples, unless the connection ends first. */
  speak(text: string, sampleRateHz: number, then: (samples: Int16Array) => void): void {
    if (this.#closed) return;
    this.#awaited.push({ text, sampleRateHz, then });
    this.#actions.push({ do: 'speak', text, sampleRateHz });
  }

  /** The last action: the plan is dropped. */
  close(code: number, reason: string): void {
    if (this.#closed) return;
    this.#actions.push({ do: 'close', code, reason });
    this.end();
  }

  end(): void {
    this.#closed = true;
    this.#planned = [];
    this.#awaited = [];
  }

  /** Plans a step; steps of the same time run in the order of their planning. */
  after(delayMs: number, run: () => void): VirtualTimer {
    const step: Planned = { atMs: this.#nowMs + delayMs, run, cancel: () => this.#drop(step) };
    if (this.#closed) return step;
    const index = this.#planned.findIndex((other) => other.atMs > step.atMs);
    this.#planned.splice(index < 0 ? this.#planned.length : index, 0, step);
    return step;
  }

  /** Everything that one input leads to: the steps due by then, and what the script does with it. */
  run(nowMs: number, input: () => void): readonly Action[] {
    this.#runDue(nowMs);
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    if (!this.#closed) input();
    this.#runDue(nowMs);
    const actions = this.#actions;
    this.#actions = [];
    return actions;
  }

  deliverSpeech(speech: Speech): void {
    const matches = (awaited: Awaited) => awaited.text === speech.text && awaited.sampleRateHz === speech.sampleRateHz;
    const ready = this.#awaited.filter(matches);
    this.#awaited = this.#awaited.filter((awaited) => !matches(awaited));
    for (const awaited of ready) awaited.then(speech.samples);
  }

  #runDue(nowMs: number): void {
    for (let step = this.#planned[0]; step && step.atMs <= nowMs; step = this.#planned[0]) {
      this.#planned.shift();
      this.#nowMs = Math.max(this.#nowMs, step.atMs);
      step.run();
    }
  }

  #drop(step: Planned): void {
    const index = this.#planned.indexOf(step);
    if (index >= 0) this.#planned.splice(index, 1);
  }
}

/** A simulator of one connection of this route. */
export function startSimulator(route: SimulatorRoute, call: Connection): Simulator {
  const stage = new ScriptRuntime();
  const script: ProviderScript = route.script(stage, call);
  return {
    opened: (nowMs) => stage.run(nowMs, () => script.opened()),
    received: (frame) => stage.run(frame.at, () => script.received(frame)),
    spoken: (speech, nowMs) => stage.run(nowMs, () => stage.deliverSpeech(speech)),
    woken: (nowMs) => stage.run(nowMs, () => {}),
    get wakeAtMs() {
      return stage.wakeAtMs;
    },
    ended() {
      stage.end();
      script.ended();
    },
  };
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const POOL_BYTES = 4096;
let pool = Buffer.alloc(0);

/** An id that looks like a provider's: 62 characters are near enough to a quarter of a byte's values. */
export function createId(prefix: string, length = 21): string {
  // Every event has one: random bytes are fetched for many at once.
  if (pool.length < length) pool = randomBytes(POOL_BYTES);
  let id = prefix;
  for (let i = 0; i < length; i++) id += ALPHABET[(pool[i] as number) % ALPHABET.length];
  pool = pool.subarray(length);
  return id;
}
