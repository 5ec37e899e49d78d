// Upgrade request -> Admitted | Refused. Everything that can be decided before a provider is dialled; a refusal is a value.

import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type {
  Account,
  Handshake,
  Provider,
  Refusal,
  Resource,
  ServedEndpoint,
  Upstream,
} from '../../../adapters/realtime/contract.ts';
import { clientCredential, findEndpoint, findNotServed } from '../../../adapters/realtime/index.ts';
import { matchesGlob } from '../../../codecs/glob.ts';
import type { Key, Preconnect, ProviderConfig } from '../../config/config.ts';
import { checkUpgrade, gatewayParameter, readHandshake } from '../../http/handshake.ts';
import { checkOrigin } from '../../http/origin-policy.ts';
import type { SessionContext } from '../../session/subject.ts';
import { type AdmissionPolicy, authenticate } from './authenticate.ts';
import { readContinuation } from './continue-request.ts';
import { invalid, isRefusal, notImplemented, type RefusalReply, refuse, unknownPath } from './refusals.ts';
import { classOf, type SessionClass } from './session-class.ts';

export interface Admission extends SessionClass {
  readonly kind: 'admitted';
  readonly sessionId: string;
  /** The id is the client's own. */
  readonly isOffered: boolean;
  /** The earlier session that this one is to continue. */
  readonly continues: string | undefined;
  /** What is kept of that, once it was read. */
  readonly context?: SessionContext | undefined;
  readonly provider: Provider;
  readonly endpoint: ServedEndpoint;
  readonly handshake: Handshake;
  /** undefined in open mode. */
  readonly key: Key | undefined;
  /** As the handshake names it; in some dialects only frames do. */
  readonly model: string | undefined;
  readonly upstream: Upstream;
  readonly allowPrivate: boolean;
  /** The rehearsal provider answers. */
  readonly isRehearsal: boolean;
  /** undefined where no connection is opened ahead. */
  readonly preconnect: Preconnect | undefined;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const OFFERED_ID = 'trunkline-session';

/** `plain`: the request is not an upgrade; it only asks what would become of one. */
export function admit(
  request: IncomingMessage,
  gate: AdmissionPolicy,
  kind: 'upgrade' | 'plain' = 'upgrade',
): Admission | RefusalReply {
  const handshake = readHandshake(request);
  if (handshake === undefined) return refuse(undefined, invalid('expected a path as the request target'));
  const found = findEndpoint(handshake.path);
  const objection = checkOrigin(request.headers, gate.origins);
  if (objection !== undefined) return refuse(found?.provider, objection);
  if (found === undefined) {
    const unserved = findNotServed('GET', handshake.path);
    return unserved ? refuse(unserved.provider, notImplemented(handshake.path)) : refuse(undefined, unknownPath());
  }
  const fault =
    (kind === 'upgrade' ? checkUpgrade(request, handshake.protocols) : undefined) ?? found.endpoint.reject?.(handshake);
  if (fault !== undefined) return refuse(found.provider, fault);
  return admitTo(found.provider, found.endpoint, handshake, gate);
}

function admitTo(
  adapter: Provider,
  route: ServedEndpoint,
  handshake: Handshake,
  gate: AdmissionPolicy,
): Admission | RefusalReply {
  const key = authenticate(handshake, adapter, gate);
  if (isRefusal(key)) return refuse(adapter, key);
  const resource = route.resource(handshake);
  const name = typeof resource === 'object' ? resource.name : undefined;
  if (resource !== 'in-frames' && !mayUse(key, adapter, name ?? ''))
    return refuse(adapter, resourceNotAllowed(adapter, resource));
  const classes = classOf(handshake, key, gate.config);
  if (isRefusal(classes)) return refuse(adapter, classes);
  const account = accountFor(adapter, route, handshake, gate);
  if (isRefusal(account)) return refuse(adapter, account);
  // A browser cannot read our header, so it may bring an id of its own.
  const offered = gatewayParameter(handshake, OFFERED_ID);
  const [sessionId = randomUUID()] = offered;
  if (offered.size > 1 || !UUID.test(sessionId))
    return refuse(adapter, invalid(`expected one UUID as the ${OFFERED_ID}`));
  const continues = readContinuation(handshake, route, gate.warnOfOldName);
  if (isRefusal(continues)) return refuse(adapter, continues);
  const { allowPrivate, preconnect, isRehearsal, ...rest } = account;
  const endpoint = route.upstream(handshake, rest);
  const isOffered = offered.size > 0;
  return {
    kind: 'admitted',
    sessionId,
    isOffered,
    continues,
    provider: adapter,
    endpoint: route,
    handshake,
    key,
    model: name,
    upstream: endpoint,
    allowPrivate,
    isRehearsal,
    preconnect,
    ...classes,
  };
}

/** Whether the key's list allows a model. A model that cannot be known ('') needs `provider/*`; a key without a list may use all. */
export function mayUse(key: Key | undefined, adapter: Provider, model: string): boolean {
  if (key?.models === undefined) return true;
  return key.models.some((pattern) => {
    const slash = pattern.indexOf('/');
    const models = pattern.slice(slash + 1);
    return (
      matchesGlob(pattern.slice(0, slash), adapter.name) && (model === '' ? models === '*' : matchesGlob(models, model))
    );
  });
}

/** The account at the provider: configured, the client's own, or the rehearsal provider's. */
function accountFor(adapter: Provider, route: ServedEndpoint, handshake: Handshake, gate: AdmissionPolicy) {
  const { providers, rehearsal } = gate.config;
  const configured = providers[adapter.name];
  if (configured !== undefined) {
    const { allowPrivate, preconnect } = configured;
    const baseUrl = configured.baseUrl === adapter.baseUrl ? (route.baseUrl ?? adapter.baseUrl) : configured.baseUrl;
    const credential = configured.apiKey === 'client' ? clientCredential(handshake, adapter) : configured.apiKey;
    if (credential === undefined || !FITS_HEADER.test(credential)) return noCredential;
    return {
      baseUrl,
      credential,
      settings: settingsOf(adapter, configured),
      allowPrivate,
      preconnect,
      isRehearsal: false,
    };
  }
  if (rehearsal !== false && rehearsal.providers.includes(adapter.name) && gate.rehearsalUrl !== undefined) {
    // On loopback a connection costs next to nothing.
    const ahead = { allowPrivate: true, preconnect: undefined, isRehearsal: true };
    return { baseUrl: gate.rehearsalUrl, credential: 'rehearsal', settings: {}, ...ahead };
  }
  const message = `the provider ${adapter.name} is not configured; expected providers.${adapter.name} or ${adapter.environment.join(' or ')}`;
  return { status: 503, code: 'provider_not_configured', message } satisfies Refusal;
}

function settingsOf({ settings = {} }: Provider, configured: ProviderConfig): Account['settings'] {
  return Object.fromEntries(Object.keys(settings).map((name) => [name, configured[name] as string | undefined]));
}

/** A credential from a query can hold anything, and goes into a header. */
const FITS_HEADER = /^[\x21-\x7e]+$/;

const noCredential: Refusal = {
  status: 401,
  code: 'invalid_key',
  message: 'no usable credential given; expected one of the provider, which is forwarded',
};

function resourceNotAllowed(adapter: Provider, resource: Resource | 'unknown'): Refusal {
  const message =
    resource === 'unknown'
      ? `this key may not open a session whose model cannot be known; that needs ${adapter.name}/*`
      : `this key may not use the ${resource.kind} ${resource.name}`;
  return { status: 403, code: 'model_not_allowed', message };
}

/** Whom a line of the log is about. */
export function idsOf({ sessionId, key, provider: adapter, endpoint: route }: Admission) {
  return { id: sessionId, key: key?.id, provider: adapter.name, route: route.path };
}
