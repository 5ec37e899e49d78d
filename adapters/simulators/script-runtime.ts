// Where a script plays: its clock, the steps it has planned, and the actions it has taken.
// Rule: time only moves when the host tells; steps that are due run first, each at its own planned time.

import type { Frame } from '../../codecs/frame.ts';
import type { Action, Simulator, Speech } from './contract.ts';

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

/** The part that a dialect writes: it acts through its {@link ScriptRuntime}. */
export interface ProviderScript {
  opened(): void;
  received(frame: Frame): void;
  ended(): void;
}

/** A simulator of one connection that plays this script. */
export function startScript(create: (runtime: ScriptRuntime) => ProviderScript): Simulator {
  const runtime = new ScriptRuntime();
  const script = create(runtime);
  return {
    opened: (nowMs) => runtime.run(nowMs, () => script.opened()),
    received: (frame) => runtime.run(frame.at, () => script.received(frame)),
    spoken: (speech, nowMs) => runtime.run(nowMs, () => runtime.deliverSpeech(speech)),
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
