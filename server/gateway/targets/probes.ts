// Probes accounts on their schedules: a handshake of its own each time, closed behind the provider's first message. Rule: one at a time for each account,
// nothing of a client in it, and no session is counted.

import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { Counter, type Registry } from 'prom-client';
import type { Provider, ServedEndpoint } from '../../../adapters/realtime/contract.ts';
import { upstreamOf } from '../../../adapters/realtime/index.ts';
import type { Config, ProviderConfig } from '../../config/config.ts';
import { probePathOf } from '../../config/providers/dial-paths.ts';
import { providerTable } from '../../config/providers/table.ts';
import { unlessAborted } from '../../platform/deadline.ts';
import { proxyFor } from '../../platform/outbound/proxy.ts';
import { type DialOutcome, dial } from '../../transport/dial.ts';
import type { AccountTokens } from '../credentials/account-tokens.ts';
import { TokenError } from '../credentials/token.ts';
import { illnessOf, type ProbeVerdict, pauseOf } from './breakers.ts';
import { hear } from './first-message.ts';

interface ProbeOptions {
  readonly tokens: AccountTokens;
  readonly registry: Registry;
  readonly log: Logger;
  /** Called with each verdict. */
  report(verdict: ProbeVerdict): void;
}

/** The first handshake is within this time, so that processes which start together do not dial together. */
const FIRST_MS = 1000;
/** Part of the time between two by which it is longer or shorter. */
const JITTER = 0.1;

/** Closes of a provider that say that it has a fault, or no room. */
const ILL_CLOSES: readonly (number | undefined)[] = [undefined, 1001, 1006, 1011, 1012, 1013, 1014];

export class Probes {
  readonly #options: ProbeOptions;
  readonly #running = new Map<string, { readonly account: ProviderConfig; readonly stop: AbortController }>();
  readonly #said = new Map<string, string>();
  #isStopped = false;
  readonly #count: Counter<'provider' | 'outcome'>;

  constructor(options: ProbeOptions) {
    this.#options = options;
    this.#count = new Counter({
      name: 'trunkline_provider_probes_total',
      help: 'handshakes on a schedule with accounts at realtime providers, by what became of them: open, refused or failed',
      labelNames: ['provider', 'outcome'],
      registers: [options.registry],
    });
  }

  /** Goes on by another configuration. An account that has not changed keeps its schedule; a handshake with one that has is given up. */
  use(config: Config): void {
    for (const [name, { account, stop }] of this.#running) {
      if (isDeepStrictEqual(config.providers[name], account)) continue;
      stop.abort();
      this.#running.delete(name);
      this.#said.delete(name);
    }
    if (this.#isStopped) return;
    for (const [name, account] of Object.entries(config.providers)) {
      const provider = providerTable(config).accounts.get(name);
      if (account?.probe === undefined || provider === undefined || this.#running.has(name)) continue;
      const stop = new AbortController();
      this.#running.set(name, { account, stop });
      // Only its end rejects.
      this.#run({ provider, account, config }, account.probe.everyMs, stop.signal).catch(() => {});
    }
  }

  /** Gives up what is under way, for good. */
  stop(): void {
    this.#isStopped = true;
    for (const { stop } of this.#running.values()) stop.abort();
    this.#running.clear();
  }

  async #run(probed: Probed, everyMs: number, signal: AbortSignal): Promise<void> {
    const unheld = { ref: false, signal };
    await delay(Math.random() * Math.min(FIRST_MS, everyMs), undefined, unheld);
    for (;;) {
      const found = await probe(probed, this.#options.tokens, signal);
      signal.throwIfAborted();
      const verdict = { account: probed.provider.name, at: Date.now(), ...found };
      this.#count.inc({ provider: verdict.account, outcome: verdict.outcome });
      this.#tell(verdict);
      this.#options.report(verdict);
      await delay(everyMs * (1 - JITTER + 2 * JITTER * Math.random()), undefined, unheld);
    }
  }

  /** Writes a line where an account answers otherwise than the last time. */
  #tell({ account: provider, outcome, said }: ProbeVerdict): void {
    const { log } = this.#options;
    const before = this.#said.get(provider) ?? OPEN.said;
    this.#said.set(provider, said);
    if (said === before) return;
    if (outcome === 'open') log.info({ provider }, 'a probe finds the provider well again');
    else log.warn({ provider, outcome, why: said }, 'a probe does not get a session');
  }
}

interface Probed {
  readonly provider: Provider;
  readonly account: ProviderConfig;
  readonly config: Config;
}

type Found = Omit<ProbeVerdict, 'account' | 'at'>;

const OPEN: Found = { outcome: 'open', said: 'a session opens', health: 'well', pauseMs: 0 };

/** Rejects where the signal is aborted. */
async function probe(
  { provider, account, config }: Probed,
  tokens: AccountTokens,
  stopped: AbortSignal,
): Promise<Found> {
  const { timeoutMs = 0 } = account.probe ?? {};
  const late = AbortSignal.timeout(timeoutMs);
  const signal = AbortSignal.any([stopped, late]);
  const { dialled } = probePathOf(provider, account);
  if (dialled === undefined) return unknown('its path cannot be dialled');
  let credential: string;
  try {
    const token = account.apiKey ?? tokens.of(provider.name, { ...account, grant: provider.tokenGrant });
    credential = await unlessAborted(Promise.resolve(token), signal);
  } catch (error) {
    stopped.throwIfAborted();
    return unknown(`no credential: ${error instanceof TokenError ? error.message : 'it did not come in time'}`);
  }
  const upstream = upstreamOf(provider, dialled.endpoint, dialled.handshake, { ...account, credential });
  const proxy = proxyFor(new URL(upstream.url), config.proxy);
  const limits = { ...config.limits, dialMs: beyond(timeoutMs) };
  const outcome = await dial({ upstream, limits, allowPrivate: account.allowPrivate, proxy, signal });
  stopped.throwIfAborted();
  if (outcome.kind === 'open') return heard(outcome.socket, dialled.endpoint, { signal, timeoutMs });
  if (late.aborted) return lateBy(timeoutMs);
  if (outcome.kind === 'failed' && outcome.refusal.code === 'out_of_descriptors')
    return unknown(outcome.refusal.message);
  const said = outcome.kind === 'refused' ? `HTTP ${outcome.reply.status}` : outcome.refusal.message;
  const health = illnessOf(outcome) === undefined ? 'well' : 'ill';
  return { outcome: outcome.kind, said, health, pauseMs: pauseOf(outcome) };
}

/** Waits for the first message where the provider speaks first, and closes. */
async function heard(
  socket: Extract<DialOutcome, { kind: 'open' }>['socket'],
  { dialect }: ServedEndpoint,
  { signal, timeoutMs }: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<Found> {
  const isAwaited = dialect.capabilities.speaksFirst === 'provider';
  const end = () => socket.destroy();
  signal.addEventListener('abort', end, { once: true });
  const { first, left, code } = await hear(socket, {
    dialect,
    waitMs: isAwaited ? beyond(timeoutMs) : 0,
    afterFirstMs: 0,
  });
  signal.removeEventListener('abort', end);
  if (first !== undefined || (left && !isAwaited)) return OPEN;
  if (left || signal.aborted) return lateBy(timeoutMs);
  const said =
    code === undefined ? 'the connection ended before the first message' : `close ${code} before the first message`;
  return { outcome: 'refused', said, health: ILL_CLOSES.includes(code) ? 'ill' : 'well', pauseMs: 0 };
}

/** A time that the end of the whole comes before. */
const beyond = (timeoutMs: number): number => timeoutMs + 1000;

const unknown = (said: string): Found => ({ outcome: 'failed', said, health: 'unknown', pauseMs: 0 });

const lateBy = (timeoutMs: number): Found => ({
  ...{ outcome: 'failed', said: `it did not answer within ${timeoutMs} ms`, health: 'ill', pauseMs: 0 },
});
