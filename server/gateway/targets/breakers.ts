// Knows which accounts at realtime providers are ill, by how their last dials went: a breaker for each, which all dials of this process and probes feed. Rule:
// an open one puts a target behind the others; it refuses nobody who has nowhere else to go.

import type { AccountReport } from '../../platform/load/readiness.ts';
import { type BreakerOptions, Circuit, type Illness } from '../../side/llm/send/circuit.ts';
import type { ConnectOutcome } from '../../transport/connector.ts';
import type { DialOutcome } from '../../transport/dial.ts';

/** Longest time for which a provider that is busy is left alone on its word. */
const MOST_LIMITED_S = 60;

/** The outcome of a probe. `health`: what it says of the account; `unknown`: nothing, since it was never dialled. */
export interface ProbeVerdict {
  readonly account: string;
  /** Date.now() of its end. */
  readonly at: number;
  readonly outcome: DialOutcome['kind'];
  /** A few words, without what a provider wrote: `HTTP 401`, or why nothing came. */
  readonly said: string;
  readonly health: 'well' | 'ill' | 'unknown';
  /** Time for which the provider asks to be left alone. */
  readonly pauseMs: number;
}

export class Breakers {
  readonly #options: BreakerOptions | undefined;
  readonly #known = new Map<string, KnownAccount>();

  constructor(options?: BreakerOptions) {
    this.#options = options;
  }

  /** Returns why an account is better not dialled now. */
  blocked(account: string): 'rate_limited' | 'breaker_open' | undefined {
    const blocked = this.#known.get(account)?.circuit.blocked(Date.now());
    return blocked && (blocked.reason === 'limited' ? 'rate_limited' : 'breaker_open');
  }

  /** True from the failures that opened its breaker until a dial that succeeds. */
  isOpen(account: string): boolean {
    return this.#known.get(account)?.circuit.isOpen === true;
  }

  /** Dials, and learns from the outcome. `isOwn`: with the gateway's credential; that a client's own is at its limit says nothing of others. */
  async watch(
    { account, isOwn, signal }: { readonly account: string; readonly isOwn: boolean; readonly signal: AbortSignal },
    dial: () => Promise<ConnectOutcome>,
  ): Promise<ConnectOutcome> {
    const known = this.#of(account);
    const { circuit } = known;
    const attempt = circuit.begin(undefined);
    try {
      const outcome = await dial();
      const isTold = outcome.kind !== 'failed' || (!signal.aborted && outcome.refusal.code !== 'out_of_descriptors');
      if (isTold) {
        attempt.learn(illnessOf(outcome));
        see(known, { said: `a dial: ${wordOf(outcome)}`, isIll: illnessOf(outcome) !== undefined });
      }
      if (isOwn) circuit.limit(Date.now() + pauseOf(outcome));
      return outcome;
    } finally {
      attempt.end();
    }
  }

  /** Takes the verdict of a probe, which may have been made by another process. */
  probed(verdict: ProbeVerdict): void {
    const { account, health, pauseMs, said } = verdict;
    const known = this.#of(account);
    const { circuit } = known;
    known.probe = verdict;
    if (health !== 'unknown') circuit.probed(health === 'ill' ? 'other' : undefined);
    if (health !== 'unknown') see(known, { said: `a probe: ${said}`, isIll: health === 'ill' });
    circuit.limit(Date.now() + pauseMs);
  }

  /** Forgets accounts that are not there any more. */
  keep(accounts: readonly string[]): void {
    for (const name of this.#known.keys()) if (!accounts.includes(name)) this.#known.delete(name);
  }

  /** Tells of each how it is, and why. */
  report(accounts: readonly string[]): readonly AccountReport[] {
    return accounts.map((name) => ({ name, ...reportOf(this.#known.get(name)) }));
  }

  #of(account: string): KnownAccount {
    const known = this.#known.get(account) ?? { circuit: new Circuit(this.#options) };
    this.#known.set(account, known);
    return known;
  }
}

interface KnownAccount {
  readonly circuit: Circuit;
  /** The last dial or probe that said something of the account. */
  last?: Seen;
  /** The last that found it ill. */
  ill?: Seen;
  probe?: ProbeVerdict;
}

interface Seen {
  readonly at: number;
  readonly said: string;
}

function see(known: KnownAccount, { said, isIll }: Pick<Seen, 'said'> & { readonly isIll: boolean }): void {
  known.last = { at: Date.now(), said };
  if (isIll) known.ill = known.last;
}

/** The code of a failure of ours, or the provider's status. */
function wordOf(outcome: DialOutcome): string {
  if (outcome.kind === 'open') return 'open';
  return outcome.kind === 'failed' ? outcome.refusal.code : `HTTP ${outcome.reply.status}`;
}

function reportOf(known: KnownAccount | undefined): Omit<AccountReport, 'name'> {
  const { circuit, last, ill, probe } = known ?? {};
  const now = Date.now();
  const until = circuit?.openUntil;
  const blocked = circuit?.blocked(now);
  const limited =
    blocked?.reason === 'limited' ? [`left alone until ${time(now + blocked.retryAfterMs)}, as it asked`] : [];
  const probed = probe === undefined ? [] : [`last probe at ${time(probe.at)}: ${probe.said}`];
  const state = until !== undefined ? 'down' : last === undefined ? 'unknown' : 'up';
  const why =
    until === undefined
      ? last && `last seen at ${time(last.at)} by ${last.said}`
      : `breaker open until ${time(until)} after ${ill?.said}`;
  return { state, reason: [why ?? 'not dialled yet', ...limited, ...probed].join('; ') };
}

const time = (at: number): string => new Date(at).toISOString();

/** A provider that refuses what it is asked, or has enough to do, is well. */
export function illnessOf(outcome: DialOutcome): Illness | undefined {
  if (outcome.kind === 'refused') return outcome.reply.status >= 500 ? 'other' : undefined;
  if (outcome.kind === 'open') return undefined;
  return outcome.refusal.code === 'upstream_timeout' ? 'timeout' : 'other';
}

/** Time for which the provider asks to be left alone: `Retry-After` in seconds, as providers send it; 0 where it is missing, or a date. */
export function pauseOf(outcome: DialOutcome): number {
  if (outcome.kind !== 'refused' || outcome.reply.status !== 429) return 0;
  const seconds = Number(outcome.reply.headers['retry-after'] ?? 0);
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), MOST_LIMITED_S) * 1000 : 0;
}
