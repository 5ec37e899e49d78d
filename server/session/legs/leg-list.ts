// Lists the sockets that a session has had of its provider, one behind the other, with what was used on each.

import type { Usage } from '../../../adapters/realtime/contract/observation.ts';
import type { LegRecord, SessionUsage } from '../../ipc/session-record.ts';

/** Legs that are listed: the newest. */
const KEPT = 50;

interface LegListOptions {
  /** Name of the account. */
  readonly provider: string;
  /** The model that was asked for. */
  readonly asked: string | undefined;
  /** False where reports are those of the whole session, or there are none. */
  readonly isUsageOfLegs: boolean;
  /** Returns what was reported so far. */
  usage(): SessionUsage;
  /** Returns the provider's own id of its session at the socket that there is now. */
  providerSession(): string | undefined;
}

interface ListedLeg extends LegRecord {
  /** The usage of the session when it began. */
  readonly before: Usage;
}

export class LegList {
  readonly #options: LegListOptions;
  #ended: readonly LegRecord[] = [];
  #now: ListedLeg;

  constructor(options: LegListOptions) {
    this.#options = options;
    this.#now = this.#begin(1);
  }

  get all(): readonly LegRecord[] {
    return [...this.#ended, this.#recordOfNow()];
  }

  /** Ends the leg that there is now, and begins the next one. `reason`: see `LegRecord`. */
  moved(reason: string, isEstimated: boolean): void {
    const ended = { ...this.#recordOfNow(), ...ending(reason), ...(isEstimated && { isEstimated }) };
    this.#ended = [...this.#ended, ended].slice(1 - KEPT);
    this.#now = this.#begin(this.#now.number + 1);
  }

  /** Ends the last one. What is reported later is still its own. */
  end(reason: string): void {
    this.#now = { ...this.#now, ...ending(reason) };
  }

  #begin(number: number): ListedLeg {
    const { provider, usage } = this.#options;
    return { number, provider, startedAt: new Date().toISOString(), before: usage().usage };
  }

  #recordOfNow(): LegRecord {
    const { before, ...leg } = this.#now;
    const { asked, usage, providerSession, isUsageOfLegs } = this.#options;
    const { model = asked, usage: now } = usage();
    const used = isUsageOfLegs ? since(before, now) : {};
    return {
      ...leg,
      model,
      providerSession: providerSession(),
      ...(Object.keys(used).length > 0 && { usage: used }),
    };
  }
}

/** Lists the legs of a session's part behind those of the part before. */
export function legsBehind(before: readonly LegRecord[], own: readonly LegRecord[]): readonly LegRecord[] {
  const last = before.at(-1)?.number ?? 0;
  return [...before, ...own.map((leg) => ({ ...leg, number: last + leg.number }))].slice(-KEPT);
}

const ending = (reason: string) => ({ endedAt: new Date().toISOString(), reason });

/** The counts that have grown, by as much as they have. */
function since(before: Usage, now: Usage): Usage {
  const counts = Object.entries(now).map(([field, amount]) => {
    const earlier = before[field as keyof Usage];
    return [field, typeof amount === 'number' ? amount - (typeof earlier === 'number' ? earlier : 0) : 0] as const;
  });
  return Object.fromEntries(counts.filter(([, amount]) => amount > 0));
}
