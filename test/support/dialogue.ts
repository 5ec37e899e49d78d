// A conversation with a simulator on a virtual clock: sends events, and keeps all answers with their times.

import { Buffer } from 'node:buffer';
import type { Action, Simulator, SimulatorOptions, SpeakAction } from '../../adapters/simulators/contract.ts';
import { simulatorRoutes } from '../../adapters/simulators/index.ts';
import type { VoiceDetector, VoiceDetectorFactory } from '../../codecs/audio/vad.ts';
import { OPEN_BRACE } from '../../codecs/json/bytes.ts';
import { type RehearsalOptions, rehearsalSchema } from '../../server/config/rehearsal/rehearsal-schema.ts';
import { handshakeOf } from './handshakes.ts';

/** A message of the simulator. `at`: virtual time. */
export interface ServerMessage {
  readonly at: number;
  readonly binary: boolean;
  readonly event: Event;
}

export type Event = Readonly<Record<string, unknown>>;

/** The value at a path like `response.output.0.id`. */
export function at(event: unknown, path: string): unknown {
  let value = event;
  for (const key of path.split('.')) value = (value as Record<string, unknown> | undefined)?.[key];
  return value;
}

/** A detector that takes loud frames for speech, which suffices for tones and silence. */
export const loudness: VoiceDetectorFactory = (): VoiceDetector => ({
  isVoice: (frame) => frame.some((sample) => Math.abs(sample) > 1000),
  free: () => {},
});

/** A tone, which the test's detector takes for speech. */
export function tone(ms: number, sampleRateHz: number, hz = 440): Int16Array {
  const length = Math.round((ms * sampleRateHz) / 1000);
  return Int16Array.from({ length }, (_, i) => 8000 * Math.sin((2 * Math.PI * hz * i) / sampleRateHz));
}

export function silence(ms: number, sampleRateHz: number): Int16Array {
  return new Int16Array(Math.round((ms * sampleRateHz) / 1000));
}

/** Drives one simulator. Speech takes `synthesisMs`, and is a second of tone. */
export class Dialogue {
  readonly messages: ServerMessage[] = [];
  readonly spoken: string[] = [];
  readonly simulator: Simulator;
  readonly #synthesisMs: number;
  readonly #speeches: { readonly at: number; readonly action: SpeakAction }[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined;
  now = 1000;

  constructor(
    url: string,
    setup: { options?: RehearsalOptions; voiceDetector?: VoiceDetectorFactory; synthesisMs?: number } = {},
  ) {
    const handshake = handshakeOf(url);
    const route = simulatorRoutes.find(({ path }) => path === handshake.path);
    if (!route) throw new Error(`no route ${handshake.path}`);
    this.#synthesisMs = setup.synthesisMs ?? 0;
    this.simulator = route.start({
      handshake,
      options: rehearsalSchema.parse(setup.options ?? {}) as SimulatorOptions,
      voiceDetector: setup.voiceDetector ?? loudness,
      startedAtMs: 1_700_000_000_000,
    });
    this.#act(this.simulator.opened(this.now));
  }

  /** Sends one event. */
  send(event: Event | string, binary = false): void {
    const data = typeof event === 'string' ? Buffer.from(event) : Buffer.from(JSON.stringify(event));
    this.#act(this.simulator.received({ data, binary, at: this.now }));
    this.#speak();
  }

  /** Sends sound as it is, in a binary message. */
  sendSound(data: Buffer): void {
    this.#act(this.simulator.received({ data, binary: true, at: this.now }));
    this.#speak();
  }

  /** Lets time pass, and wakes the simulator at its times. */
  advance(ms: number): void {
    const until = this.now + ms;
    for (;;) {
      const speechAt = this.#speeches[0]?.at ?? Number.POSITIVE_INFINITY;
      const next = Math.min(this.simulator.wakeAtMs ?? Number.POSITIVE_INFINITY, speechAt);
      if (next > until) break;
      this.now = Math.max(this.now, next);
      if (speechAt <= this.now) this.#speak();
      else this.#act(this.simulator.woken(this.now));
    }
    this.now = until;
  }

  /** Types of all messages, in order. A run of the same type counts once. */
  get types(): string[] {
    const types = this.messages.map(({ event }) =>
      String(event.type ?? Object.keys(event.serverContent ?? event).join('+')),
    );
    return types.filter((type, i) => type !== types[i - 1]);
  }

  /** All events of a type. */
  all(type: string): Event[] {
    return this.messages.filter(({ event }) => event.type === type).map(({ event }) => event);
  }

  /** The only event of a type. */
  one(type: string): Event {
    const found = this.all(type);
    if (found.length !== 1) throw new Error(`${found.length} events of type ${type} in ${this.types.join(' ')}`);
    return found[0] as Event;
  }

  /** Drops all messages so far. */
  clear(): void {
    this.messages.length = 0;
  }

  #speak(): void {
    while (this.#speeches[0] && this.#speeches[0].at <= this.now) {
      const { action } = this.#speeches.shift() as { action: SpeakAction };
      this.#act(action.spoken(tone(1000, action.sampleRateHz), this.now));
    }
  }

  #act(actions: readonly Action[]): void {
    for (const action of actions) {
      if (this.closed) throw new Error(`${action.do} after the close`);
      if (action.do === 'close') this.closed = { code: action.code, reason: action.reason };
      else if (action.do === 'speak') {
        this.spoken.push(action.text);
        this.#speeches.push({ at: this.now + this.#synthesisMs, action });
      } else {
        // Sound in a binary message is an event by its length here.
        const isSound = action.binary && Buffer.from(action.data)[0] !== OPEN_BRACE;
        const event = isSound ? { type: 'sound', bytes: action.data.length } : JSON.parse(action.data.toString());
        this.messages.push({ at: this.now, binary: action.binary, event });
      }
    }
  }
}
