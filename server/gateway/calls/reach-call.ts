// Reaches a call at its provider, with the account as it is configured now: its sideband, and the request that ends it.

import type { IncomingHttpHeaders } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { CallFamily } from '../../../adapters/realtime/contract/calls.ts';
import type { Provider, ServedEndpoint } from '../../../adapters/realtime/contract.ts';
import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import { FORWARD_CLIENT } from '../../config/file/words.ts';
import { providerTable } from '../../config/providers/table.ts';
import { isRefusal } from '../../http/request/refusals.ts';
import type { HeldCall } from '../../ipc/session-reservation.ts';
import { chooseAccount } from '../admission/account.ts';
import type { Admission, AdmissionPolicy } from '../admission/admission.ts';
import { askForWhole, type Reached } from './ask-provider.ts';

/** A call that has begun. */
export interface BegunCall {
  readonly id: string;
  readonly family: CallFamily;
  /** It has the name of its account. */
  readonly provider: Provider;
  /** Headers of its client that go to the provider; a credential is among them where that of the client is forwarded. */
  readonly headers: IncomingHttpHeaders;
}

interface Target {
  readonly path: string;
  readonly rawQuery?: string | undefined;
}

/** The endpoint of a path of calls, as admission knows endpoints. A path that is configured is that of sessions. */
export const endpointOfCall = (path: string, { dialect }: CallFamily): ServedEndpoint => ({
  path,
  dialect,
  keepsPath: true,
  resources: ({ firstFrame }) => firstFrame?.resources ?? 'unknown',
});

/** Finds out how a path of a call is reached. */
export async function reach(
  { provider, family, headers }: Omit<BegunCall, 'id'>,
  { path, rawQuery }: Target,
  policy: AdmissionPolicy,
): Promise<Reached | Refusal> {
  const query = new URLSearchParams(rawQuery);
  const handshake = { path, rawQuery, query, headers, protocols: [] };
  return chooseAccount({ handshake, provider, endpoint: endpointOfCall(path, family), policy });
}

/** Keeps of the headers of a client what later requests of its call need. */
export function keptHeaders({
  handshake: { headers },
  provider,
  policy,
}: Pick<Admission, 'handshake' | 'provider' | 'policy'>): IncomingHttpHeaders {
  if (policy.config.providers[provider.name]?.apiKey === FORWARD_CLIENT) return headers;
  return Object.fromEntries(provider.forwardedHeaders.map((name) => [name, headers[name]]));
}

/** Ends calls that another process held. Returns those that may go on: one whose client's own credential was forwarded is among them. */
export async function hangUpAll(
  calls: readonly HeldCall[],
  policy: () => AdmissionPolicy,
): Promise<readonly HeldCall[]> {
  const { signal } = new AbortController();
  const outcomes = await Promise.all(
    calls.map(async (held) => {
      const call = callOf(held, policy());
      return call === undefined ? 'failed' : hangUp(call, policy, signal).catch(() => 'failed');
    }),
  );
  return calls.filter((_, at) => outcomes[at] === 'failed');
}

/** Finds a call again by what another process has said of it; undefined where its account is there no more. */
function callOf({ provider: name, path, id }: HeldCall, { config }: AdmissionPolicy): BegunCall | undefined {
  const provider = providerTable(config).accounts.get(name);
  const endpoint = provider?.calls?.find((known) => known.path === path);
  return provider && endpoint && { id, family: endpoint.family, provider, headers: {} };
}

/** Pauses between the tries to end a call. */
const PAUSES_MS = [500, 2000, 5000];

/**
 * Ends a call: `over` once the provider says that it is, or knows no such call. `failed`: it was asked as often as it makes sense; what the call
 * does then is not known here.
 */
export async function hangUp(
  call: BegunCall,
  policy: () => AdmissionPolicy,
  signal: AbortSignal,
): Promise<'over' | 'failed'> {
  for (let tried = 0; ; tried++) {
    const now = policy();
    const reached = await reach(call, { path: call.family.hangUp(call.id) }, now).catch(() => undefined);
    const reply =
      reached === undefined || isRefusal(reached)
        ? undefined
        : await askForWhole(reached, { method: 'POST' }, { config: now.config, signal });
    const status = reply === undefined || 'code' in reply ? 503 : reply.status;
    if (status < 300 || status === 404 || status === 409 || status === 410) return 'over';
    const pauseMs = PAUSES_MS[tried];
    if (pauseMs === undefined || signal.aborted) return 'failed';
    await delay(pauseMs, undefined, { signal, ref: false }).catch(() => {});
  }
}
