// Reads whose sockets a session survives (`trunkline-survive`), and gives it the means: the account, dialled once more, and the wait for its client.

import type { Logger } from 'pino';
import type { Handshake } from '../../../adapters/realtime/contract.ts';
import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import { credentialMask } from '../../../codecs/text/secret.ts';
import { gatewayValues } from '../../http/handshake.ts';
import { invalid, isRefusal } from '../../http/request/refusals.ts';
import { faultOf } from '../../platform/log.ts';
import type { ClientSurvival } from '../../session/legs/client-return.ts';
import type { DialOnce, NextSocket } from '../../session/legs/redial.ts';
import type { Survival } from '../../session/legs/survivor.ts';
import type { Connector } from '../../transport/connector.ts';
import { chooseAccount } from '../admission/account.ts';
import type { Admission, AdmissionPolicy } from '../admission/admission.ts';
import { authorizeResource } from '../admission/authorize.ts';
import { dialTarget } from '../targets/dial.ts';
import { checkTerms } from '../targets/terms.ts';
import { ownerOf } from './return/owner.ts';

const SURVIVE = 'trunkline-survive';
const ASKED = ['provider', 'client', 'both', 'none'] as const;
type Asked = (typeof ASKED)[number];

type SurvivalRequest = Pick<Admission, 'handshake' | 'endpoint' | 'policy' | 'key' | 'dialled'>;

/** The handshake decides, else the key, else the configuration for the path. A session that cannot survive is refused where its client asks for that. */
export function readSurvival(request: SurvivalRequest): Pick<Admission, 'survives'> | Refusal {
  const { handshake, endpoint, policy, key, dialled } = request;
  const asked = askedIn(handshake);
  if (isRefusal(asked)) return asked;
  const { resumption } = endpoint.dialect;
  const isPossible = resumption !== undefined && dialled === undefined && !handshake.query.has('call_id');
  if ((asked === 'provider' || asked === 'both') && !isPossible)
    return invalid(
      `expected no ${SURVIVE} of the provider: a session at ${endpoint.path} cannot go on at another socket`,
    );
  const usual = key?.survive ?? (policy.config.survive.paths.includes(endpoint.path) ? 'provider' : 'none');
  return { survives: possibleOf(asked ?? usual, isPossible) };
}

function possibleOf(wanted: Asked, isPossible: boolean): Admission['survives'] {
  if (wanted === 'none') return undefined;
  if (isPossible || wanted === 'client') return wanted;
  return wanted === 'both' ? 'client' : undefined;
}

function askedIn(handshake: Handshake): Asked | undefined | Refusal {
  const [value, ...others] = gatewayValues(handshake, SURVIVE);
  if (value === undefined) return undefined;
  const asked = ASKED.find((known) => known === value);
  return asked === undefined || others.length > 0 ? invalid(`expected ${ASKED.join(' or ')} as the ${SURVIVE}`) : asked;
}

interface Dialling {
  readonly log: Logger;
  readonly connector: Pick<Connector, 'dial'>;
  policy(): AdmissionPolicy;
}

interface Again {
  readonly signal: AbortSignal;
  readonly query: Parameters<DialOnce>[1];
}

/** Undefined where the session ends with its provider. */
export function survivalOf(admission: Admission, host: Dialling, saved: Survival['saved']): Survival | undefined {
  const { endpoint, policy, handshake, survives } = admission;
  const { resumption } = endpoint.dialect;
  if (survives === undefined || survives === 'client' || resumption === undefined) return undefined;
  const { survive, limits } = policy.config;
  return {
    resumption,
    cutReply: survive.cutReply,
    saved,
    soundIn: endpoint.soundIn?.(handshake)?.upstream,
    context: admission.context?.text,
    maxMs: limits.surviveMs,
    maxLegMs: endpoint.maxSeconds && endpoint.maxSeconds * 1000,
    dial: (signal, query) =>
      dialAgain(admission, host, { signal, query }).catch((error: unknown) => {
        host.log.error({ id: admission.sessionId, ...faultOf(error) }, 'next socket of a session not dialled');
        return undefined;
      }),
  };
}

/** Undefined where the session ends with its client. */
export function clientSurvivalOf(
  { survives, handshake, policy }: Admission,
  before: ClientSurvival['before'],
): ClientSurvival | undefined {
  if (survives === undefined || survives === 'provider') return undefined;
  const { resumeMs: maxMs, resumeBytes: maxBytes } = policy.config.limits;
  return { maxMs, maxBytes, owner: ownerOf(handshake), survives, before };
}

/** The credential may be another one since, and the account another configuration's: what that does not let it serve, it does not go on with. */
async function dialAgain(admission: Admission, host: Dialling, { signal, query }: Again): ReturnType<DialOnce> {
  const known = { ...admission, policy: host.policy() };
  if (isRefusal(authorizeResource(known)) || checkTerms(known) !== undefined) return 'refused';
  const account = await chooseAccount(known);
  // A rehearsal has no price, and its provider hears what no other one does.
  if (isRefusal(account) || account.isRehearsal !== admission.isRehearsal) return undefined;
  const upstream = { ...account.upstream, url: withQuery(account.upstream.url, query) };
  const { outcome } = await dialTarget({ ...known, ...account, upstream }, host, signal);
  if (outcome.kind === 'refused' && isForGood(outcome.reply.status)) return 'refused';
  if (outcome.kind !== 'open') return undefined;
  return { socket: outcome.socket, mask: credentialMask(account.ownCredential), opening: openingOf(known, account) };
}

function withQuery(url: string, query: Again['query'] = {}): string {
  const dialled = new URL(url);
  for (const [name, value] of Object.entries(query)) dialled.searchParams.set(name, value);
  return Object.keys(query).length === 0 ? url : dialled.href;
}

/** Undefined where the credential is in no message. */
function openingOf({ endpoint }: Admission, { upstream }: Pick<Admission, 'upstream'>): NextSocket['opening'] {
  const { firstFrame: form } = endpoint;
  return form && ((message) => form.write({ ...message, at: 0 }, upstream.inFirstFrame));
}

/** Tells a refusal that is about the request from one that is about the time. */
const isForGood = (status: number): boolean => status >= 400 && status < 500 && status !== 408 && status !== 429;
