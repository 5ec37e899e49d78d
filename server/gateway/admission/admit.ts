// Upgrade request -> Admitted | Refused. Everything that can be decided before a provider is dialled; a refusal is a value.

import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Handshake, Provider, Refusal, ServedEndpoint, Upstream } from '../../../adapters/realtime/contract.ts';
import { findEndpoint, findNotServed } from '../../../adapters/realtime/index.ts';
import type { Key, Warm } from '../../config/config.ts';
import { fits } from '../../config/wildcard.ts';
import { ownValues, readHandshake, upgradeObjection } from '../../http/handshake.ts';
import { visitorObjection } from '../../http/origin-policy.ts';
import type { Seed } from '../../session/subject.ts';
import { authenticate, type Gate } from './authenticate.ts';
import { seedAsked } from './continue-request.ts';
import { invalid, isRefusal, notImplemented, type Refused, refuse, unknownPath } from './refusals.ts';
import { classOf, type SessionClass } from './session-class.ts';

export interface Admitted extends SessionClass {
  readonly kind: 'admitted';
  readonly sessionId: string;
  /** The id is the client's own. */
  readonly isOffered: boolean;
  /** The earlier session that this one is to continue. */
  readonly seedFrom: string | undefined;
  /** What is kept of that, once it was read. */
  readonly seed?: Seed | undefined;
  readonly adapter: Provider;
  readonly route: ServedEndpoint;
  readonly handshake: Handshake;
  /** undefined in open mode. */
  readonly key: Key | undefined;
  /** As the handshake names it; in some dialects only frames do. */
  readonly model: string | undefined;
  readonly endpoint: Upstream;
  readonly allowPrivate: boolean;
  /** The rehearsal provider answers. */
  readonly isRehearsal: boolean;
  /** undefined where no connection is opened ahead. */
  readonly warm: Warm | undefined;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const OFFERED_ID = 'trunkline-session';

/** `plain`: the request is not an upgrade; it only asks what would become of one. */
export function admit(request: IncomingMessage, gate: Gate, kind: 'upgrade' | 'plain' = 'upgrade'): Admitted | Refused {
  const handshake = readHandshake(request);
  if (handshake === undefined) return refuse(undefined, invalid('expected a path as the request target'));
  const found = findEndpoint(handshake.path);
  const objection = visitorObjection(request.headers, gate.visitors);
  if (objection !== undefined) return refuse(found?.adapter, objection);
  if (found === undefined) {
    const unserved = findNotServed('GET', handshake.path);
    return unserved ? refuse(unserved.adapter, notImplemented(handshake.path)) : refuse(undefined, unknownPath());
  }
  const fault =
    (kind === 'upgrade' ? upgradeObjection(request, handshake.protocols) : undefined) ??
    found.route.reject?.(handshake);
  if (fault !== undefined) return refuse(found.adapter, fault);
  return admitTo(found.adapter, found.route, handshake, gate);
}

function admitTo(adapter: Provider, route: ServedEndpoint, handshake: Handshake, gate: Gate): Admitted | Refused {
  const key = authenticate(handshake, adapter, gate);
  if (isRefusal(key)) return refuse(adapter, key);
  const model = route.model(handshake);
  const name = typeof model === 'object' ? model.name : undefined;
  if (model !== 'in-frames' && !mayUse(key, adapter, name ?? ''))
    return refuse(adapter, modelNotAllowed(adapter, name));
  const classes = classOf(handshake, key, gate.config);
  if (isRefusal(classes)) return refuse(adapter, classes);
  const account = accountFor(adapter, handshake, gate);
  if (isRefusal(account)) return refuse(adapter, account);
  // A browser cannot read our header, so it may bring an id of its own.
  const offered = ownValues(handshake, OFFERED_ID);
  const [sessionId = randomUUID()] = offered;
  if (offered.size > 1 || !UUID.test(sessionId))
    return refuse(adapter, invalid(`expected one UUID as the ${OFFERED_ID}`));
  const seedFrom = seedAsked(handshake, route);
  if (isRefusal(seedFrom)) return refuse(adapter, seedFrom);
  const { allowPrivate, warm, isRehearsal, ...rest } = account;
  const endpoint = adapter.endpoint(route, handshake, rest);
  const isOffered = offered.size > 0;
  return {
    kind: 'admitted',
    sessionId,
    isOffered,
    seedFrom,
    adapter,
    route,
    handshake,
    key,
    model: name,
    endpoint,
    allowPrivate,
    isRehearsal,
    warm,
    ...classes,
  };
}

/** Whether the key's list allows a model. A model that cannot be known ('') needs `provider/*`; a key without a list may use all. */
export function mayUse(key: Key | undefined, adapter: Provider, model: string): boolean {
  if (key?.models === undefined) return true;
  return key.models.some((pattern) => {
    const slash = pattern.indexOf('/');
    const models = pattern.slice(slash + 1);
    return fits(pattern.slice(0, slash), adapter.name) && (model === '' ? models === '*' : fits(models, model));
  });
}

/** The account at the provider: configured, the client's own, or the rehearsal provider's. */
function accountFor(adapter: Provider, handshake: Handshake, gate: Gate) {
  const { providers, rehearsal } = gate.config;
  const provider = providers[adapter.name];
  if (provider !== undefined) {
    const { baseUrl, allowPrivate, warm, organization, project } = provider;
    const forwarded = provider.apiKey === 'client';
    const credential = forwarded ? adapter.clientCredential(handshake) : provider.apiKey;
    if (credential === undefined || !FITS_HEADER.test(credential)) return noCredential;
    return { baseUrl, allowPrivate, isRehearsal: false, warm, organization, project, credential, forwarded };
  }
  if (rehearsal !== false && rehearsal.providers.includes(adapter.name) && gate.rehearsalUrl !== undefined) {
    // On loopback a connection costs next to nothing.
    return {
      baseUrl: gate.rehearsalUrl,
      allowPrivate: true,
      isRehearsal: true,
      warm: undefined,
      credential: 'rehearsal',
      forwarded: false,
    };
  }
  const message = `the provider ${adapter.name} is not configured; expected providers.${adapter.name} or ${adapter.environment.join(' or ')}`;
  return { status: 503, code: 'provider_not_configured', message } satisfies Refusal;
}

/** A credential from a query can hold anything, and goes into a header. */
const FITS_HEADER = /^[\x21-\x7e]+$/;

const noCredential: Refusal = {
  status: 401,
  code: 'invalid_key',
  message: 'no usable credential given; expected one of the provider, which is forwarded',
};

function modelNotAllowed(adapter: Provider, model: string | undefined): Refusal {
  const message =
    model === undefined
      ? `this key may not open a session whose model cannot be known; that needs ${adapter.name}/*`
      : `this key may not use the model ${model}`;
  return { status: 403, code: 'model_not_allowed', message };
}

/** Whom a line of the log is about. */
export function idsOf({ sessionId, key, adapter, route }: Admitted) {
  return { id: sessionId, key: key?.id, provider: adapter.name, route: route.path };
}
