// Dials a provider, or the targets of a model one behind the other. Rule: the next one is dialled where the one before cannot be reached, or has no room or
// no health for a session; what a provider says of the request itself, the client is told.

import { performance } from 'node:perf_hooks';
import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import { isRefusal } from '../../http/request/refusals.ts';
import { proxyFor } from '../../platform/outbound/proxy.ts';
import type { ConnectOutcome, Connector } from '../../transport/connector.ts';
import type { Admission } from '../admission/admission.ts';
import type { OpeningLeash } from '../money/leash.ts';
import { type IdOwners, joinCall, refuseForeignIds } from '../side/id-owners.ts';

/** An admission with what the session may cost at its account. */
export interface LeashedAdmission {
  readonly admission: Admission;
  readonly leash: OpeningLeash | undefined;
}

export interface Leashing {
  readonly idOwners: IdOwners;
  leash(admission: Admission): Promise<OpeningLeash | Refusal> | undefined;
}

/** Passes over targets where the session has no price that its limits could count, or refers to what others were given. */
export async function leashed(first: Admission, means: Leashing): Promise<LeashedAdmission | Refusal> {
  let refusal: Refusal | undefined;
  for (let admission: Admission | Refusal | undefined = first; ; admission = await first.targets?.next()) {
    if (admission === undefined || isRefusal(admission)) return refusal ?? (admission as Refusal);
    const found = await leashedAt(admission, means);
    if (!isRefusal(found) || first.targets === undefined) return found;
    refusal ??= found;
  }
}

/** A call that is joined has its leash in the session that counts it. */
async function leashedAt(admission: Admission, means: Leashing): Promise<LeashedAdmission | Refusal> {
  const foreign = await refuseForeignIds(admission, means.idOwners);
  if (foreign !== undefined) return foreign;
  const joined = await joinCall(admission, means.idOwners);
  if (isRefusal(joined)) return joined;
  const leash = joined.isJoined ? undefined : await means.leash(admission);
  return isRefusal(leash) ? leash : { admission: { ...admission, ...joined }, leash };
}

interface Dialling extends Leashing {
  readonly connector: Pick<Connector, 'dial'>;
}

/** `at`: the time of the dial, in monotonic ms. */
interface DialledTarget extends LeashedAdmission {
  readonly outcome: ConnectOutcome;
  readonly at: number;
}

/** Where all fail, the answer is the last that a provider gave itself, else the last of all. What the session took of its budgets stays with it. */
export async function dialTargets(
  first: LeashedAdmission,
  means: Dialling,
  signal: AbortSignal,
): Promise<DialledTarget> {
  const { policy, targets } = first.admission;
  const dialled = async (to: LeashedAdmission, ms: number): Promise<DialledTarget> => ({
    ...to,
    ...(await dialTarget(to.admission, means, signal, ms)),
  });
  if (targets === undefined) return dialled(first, policy.config.limits.dialMs);
  const failed: DialledTarget[] = [];
  for (let next: LeashedAdmission | undefined = first; next !== undefined; ) {
    const answer = await dialled(next, targets.shareMs);
    const { admission, outcome, at } = answer;
    const code = failureOf(outcome);
    if (code === undefined || admission.target === undefined || signal.aborted) return answer;
    failed.push(answer);
    targets.failed(admission.target, { at, outcome: code, ms: performance.now() - at });
    next = signal.aborted ? undefined : await nextTarget(first, means);
  }
  return failed.findLast(({ outcome }) => outcome.kind === 'refused') ?? (failed.at(-1) as DialledTarget);
}

/** Dials the account of one target, and lets its breaker know. */
export async function dialTarget(
  admission: Admission,
  { connector }: Pick<Dialling, 'connector'>,
  signal: AbortSignal,
  dialMs: number = admission.policy.config.limits.dialMs,
): Promise<Pick<DialledTarget, 'at' | 'outcome'>> {
  const at = performance.now();
  const { provider, ownCredential, policy } = admission;
  const of = { account: provider.name, isOwn: ownCredential !== undefined, signal };
  return { at, outcome: await policy.breakers.watch(of, () => dialAccount(admission, { connector, dialMs, signal })) };
}

interface AccountDial {
  readonly connector: Pick<Connector, 'dial'>;
  readonly dialMs: number;
  readonly signal: AbortSignal;
}

function dialAccount(admission: Admission, { connector, dialMs, signal }: AccountDial): Promise<ConnectOutcome> {
  const { config } = admission.policy;
  const { upstream, allowPrivate, preconnect, isRehearsal, provider } = admission;
  const proxy = isRehearsal || !config.proxy ? undefined : proxyFor(new URL(upstream.url), config.proxy);
  const limits = { ...config.limits, dialMs };
  return connector.dial({ upstream, allowPrivate, proxy, preconnect, limits, provider: provider.name, signal });
}

/** The next target that may be had; what the session took of its budgets stays with it. */
export async function nextTarget(
  { admission, leash }: LeashedAdmission,
  means: Leashing,
): Promise<LeashedAdmission | undefined> {
  const next = await admission.targets?.next();
  if (next === undefined || isRefusal(next)) return undefined;
  const found = await leashed(next, means);
  if (isRefusal(found)) return undefined;
  return { ...found, leash: leash && found.leash && { ...found.leash, funds: leash.funds } };
}

const UNREACHED = ['upstream_unreachable', 'upstream_timeout', 'upstream_refused'];

/** Returns the code by which another target may do better, with the status of a provider's own refusal; undefined: none would. */
function failureOf(outcome: ConnectOutcome): string | undefined {
  if (outcome.kind === 'open') return undefined;
  if (outcome.kind === 'failed') return UNREACHED.includes(outcome.refusal.code) ? outcome.refusal.code : undefined;
  const { status } = outcome.reply;
  return status === 429 || status >= 500 ? `upstream_refused ${status}` : undefined;
}
