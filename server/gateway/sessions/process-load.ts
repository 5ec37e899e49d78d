// Tells whether this process takes another session or call, and why not, whoever asks.

import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import type { LiveConfig } from '../../config/live/live.ts';
import type { ConnectionLimit } from '../../http/connection/connection-limit.ts';
import { type countDescriptors, type DescriptorState, outOfDescriptors } from '../../http/connection/descriptors.ts';
import { draining, overloaded } from '../../http/request/refusals.ts';
import { Overload } from '../../platform/load/overload.ts';
import type { Readiness } from '../../platform/load/readiness.ts';
import { reasons } from '../../session/close-reason.ts';
import { processFull, sideUnavailable, tooManyUpgrades } from '../admission/refusals.ts';
import type { Outbox } from '../side/outbox.ts';
import type { LiveSessions } from './live-sessions.ts';

interface LoadOptions extends Pick<ConstructorParameters<typeof Overload>[0], 'registry' | 'log'> {
  readonly live: LiveConfig;
  readonly descriptors: ReturnType<typeof countDescriptors>;
  readonly connections: Pick<ConnectionLimit, 'upgrading'>;
  readonly outbox: Pick<Outbox, 'isFull'> | undefined;
  readonly sessions: Pick<LiveSessions, 'size' | 'endIdlest'>;
  /** False once it drains. */
  isServing(): boolean;
}

export class ProcessLoad {
  readonly #options: LoadOptions;
  readonly #overload: Overload;

  constructor(options: LoadOptions) {
    this.#options = options;
    const { live, sessions } = options;
    this.#overload = new Overload({
      ...options,
      limits: () => live.config.limits.overload,
      onShort: (steps) => sessions.endIdlest(reasons.shortOfMemory, steps),
    });
  }

  /** Looks no more whether the process is overloaded. */
  stop(): void {
    this.#overload.stop();
  }

  /** Returns what any session is refused with now. */
  busy(): Refusal | undefined {
    if (!this.#options.isServing()) return draining;
    if (this.#overload.reason !== undefined) return overloaded[this.#overload.reason];
    if (this.#descriptorsLeft(1) !== 'free') return outOfDescriptors;
    return this.#isFull ? processFull : undefined;
  }

  /** Returns what a new session and a new call would be refused with. */
  readiness(): Readiness {
    const { isServing, outbox, connections, live } = this.#options;
    const sessions: Refusal[] = isServing() ? [] : [draining];
    const calls = [...sessions];
    // A session takes a connection and another one toward its provider; that of a call finds room while others idle.
    if (this.#descriptorsLeft(2) !== 'free') sessions.push(outOfDescriptors);
    if (this.#descriptorsLeft(1) === 'spent') calls.push(outOfDescriptors);
    if (this.#overload.reason !== undefined) sessions.push(overloaded[this.#overload.reason]);
    if (this.#isFull) sessions.push(processFull);
    if (outbox?.isFull) sessions.push(sideUnavailable);
    if (connections.upgrading() >= live.config.limits.maxUpgrades) sessions.push(tooManyUpgrades.all);
    return { sessions, calls };
  }

  /** Each upgrade in progress is about to be a session. */
  get #isFull(): boolean {
    const { live, sessions, connections } = this.#options;
    const { maxSessions = Number.POSITIVE_INFINITY } = live.config.limits;
    return sessions.size + connections.upgrading() >= maxSessions;
  }

  /** Each upgrade in progress is about to take one, too. */
  #descriptorsLeft(wanted: number): DescriptorState {
    return this.#options.descriptors.state(this.#options.connections.upgrading() + wanted);
  }
}
