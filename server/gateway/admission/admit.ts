// Upgrade request -> Admitted | Refused. Everything that can be decided before a provider is dialled; a refusal is a value.

import { createHash, randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Adapter, Endpoint, Handshake, HttpReply, Refusal, Route } from '../../../adapters/realtime/contract.ts';
import { findCredential, findRoute, findUnserved, knownPaths } from '../../../adapters/realtime/index.ts';
import type { Config, Key, Warm } from '../../config/config.ts';
import { ownValues, readHandshake, upgradeObjection } from '../../http/handshake.ts';
import { type VisitorRule, visitorObjection } from '../../http/origin-policy.ts';
import { SIDE_PATHS } from '../../ipc/side-routes.ts';
import type { Seed } from './continue.ts';
import { seedAsked } from './continue-request.ts';
import { classOf, type SessionClass } from './session-class.ts';

/** What a gateway decides by. */
export interface Gate {
  readonly config: Config;
  readonly keys: ReadonlyMap<string, Key>;
  readonly visitors: VisitorRule;
  /** Where the rehearsal provider listens, when it stands in for someone. */
  readonly rehearsalUrl?: string | undefined;
}

export interface Admitted extends SessionClass {
  readonly kind: 'admitted';
  readonly sessionId: string;
  /** The id is the client's own. */
  readonly isOffered: boolean;
  /** The earlier session that this one is to continue. */
  readonly seedFrom: string | undefined;
  /** What is kept of that, once it was read. */
  readonly seed?: Seed | undefined;
  readonly adapter: Adapter;
  readonly route: Route;
  readonly handshake: Handshake;
  /** undefined in open mode. */
  readonly key: Key | undefined;
  /** As the handshake names it; in some dialects only frames do. */
  readonly model: string | undefined;
  readonly endpoint: Endpoint;
  readonly allowPrivate: boolean;
  /** The rehearsal provider answers. */
  readonly isRehearsal: boolean;
  /** undefined where no connection is opened ahead. */
  readonly warm: Warm | undefined;
}

/** What a session needs of it for as long as it lasts: the headers and the credential are let go. */
export type SessionSubject = Pick<
  Admitted,
  'sessionId' | 'adapter' | 'route' | 'key' | 'model' | 'promptClass' | 'dataClass' | 'seed'
>;

export interface Refused {
  readonly kind: 'refused';
  readonly refusal: Refusal;
  readonly reply: HttpReply;
}

/** All that is served to clients. */
const PATHS: readonly string[] = [...knownPaths, ...SIDE_PATHS];
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const OFFERED_ID = 'trunkline-session';
const UPGRADE_HEADERS = { upgrade: 'websocket', 'sec-websocket-version': '13' };

/** Keys by the digest of their secret: looking one up takes the same time however much of a guess is right. */
export function indexKeys(keys: readonly Key[]): ReadonlyMap<string, Key> {
  return new Map(keys.map((key) => [digest(key.secret), key]));
}

/** `plain`: the request is not an upgrade; it only asks what would become of one. */
export function admit(request: IncomingMessage, gate: Gate, kind: 'upgrade' | 'plain' = 'upgrade'): Admitted | Refused {
  const handshake = readHandshake(request);
  if (handshake === undefined) return refuse(undefined, invalid('expected a path as the request target'));
  const found = findRoute(handshake.path);
  const objection = visitorObjection(request.headers, gate.visitors);
  if (objection !== undefined) return refuse(found?.adapter, objection);
  if (found === undefined) {
    const unserved = findUnserved('GET', handshake.path);
    return unserved ? refuse(unserved.adapter, notImplemented(handshake.path)) : refuse(undefined, unknownPath());
  }
  const fault =
    (kind === 'upgrade' ? upgradeObjection(request, handshake.protocols) : undefined) ??
    found.route.objection?.(handshake);
  if (fault !== undefined) return refuse(found.adapter, fault);
  return admitTo(found.adapter, found.route, handshake, gate);
}

function admitTo(adapter: Adapter, route: Route, handshake: Handshake, gate: Gate): Admitted | Refused {
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

/** The key of the client; undefined in open mode, where any credential will do. */
export function authenticate(
  handshake: Handshake,
  adapter: Adapter | undefined,
  gate: Gate,
): Key | undefined | Refusal {
  if (gate.keys.size === 0) return undefined;
  const own = handshake.headers['x-trunkline-key'];
  const isForwarding = adapter !== undefined && gate.config.providers[adapter.name]?.apiKey === 'client';
  const presented = typeof own === 'string' || isForwarding ? own : (adapter?.credential ?? findCredential)(handshake);
  if (typeof presented !== 'string' || presented === '') {
    const place = isForwarding ? 'in the header x-trunkline-key' : 'where the SDK puts the API key';
    return { status: 401, code: 'invalid_key', message: `no key given; expected a key of this gateway ${place}` };
  }
  return (
    gate.keys.get(digest(presented)) ?? {
      status: 401,
      code: 'invalid_key',
      message: 'this key is not a key of this gateway',
    }
  );
}

/** Whether the key's list allows a model. A model that cannot be known ('') needs `provider/*`; a key without a list may use all. */
export function mayUse(key: Key | undefined, adapter: Adapter, model: string): boolean {
  if (key?.models === undefined) return true;
  return key.models.some((pattern) => {
    const slash = pattern.indexOf('/');
    const models = pattern.slice(slash + 1);
    return matches(pattern.slice(0, slash), adapter.name) && (model === '' ? models === '*' : matches(models, model));
  });
}

/** `*` stands for any characters, none included. */
function matches(pattern: string, text: string): boolean {
  const [head = '', ...rest] = pattern.split('*');
  const tail = rest.pop();
  if (tail === undefined) return text === pattern;
  if (!text.startsWith(head) || !text.endsWith(tail) || text.length < head.length + tail.length) return false;
  let from = head.length;
  const end = text.length - tail.length;
  for (const part of rest) {
    const at = text.indexOf(part, from);
    if (at < 0 || at + part.length > end) return false;
    from = at + part.length;
  }
  return true;
}

/** The account at the provider: configured, the client's own, or the rehearsal provider's. */
function accountFor(adapter: Adapter, handshake: Handshake, gate: Gate) {
  const { providers, rehearsal } = gate.config;
  const provider = providers[adapter.name];
  if (provider !== undefined) {
    const { baseUrl, allowPrivate, warm, organization, project } = provider;
    const forwarded = provider.apiKey === 'client';
    const credential = forwarded ? adapter.credential(handshake) : provider.apiKey;
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

function modelNotAllowed(adapter: Adapter, model: string | undefined): Refusal {
  const message =
    model === undefined
      ? `this key may not open a session whose model cannot be known; that needs ${adapter.name}/*`
      : `this key may not use the model ${model}`;
  return { status: 403, code: 'model_not_allowed', message };
}

export function notImplemented(path: string): Refusal {
  const message = `${path} is not served by this gateway: sessions are opened over WebSocket with a key of the gateway`;
  return { status: 501, code: 'not_implemented', message };
}

export function unknownPath(): Refusal {
  return { status: 404, code: 'unknown_path', message: `unknown path; expected one of ${PATHS.join(', ')}` };
}

function invalid(message: string): Refusal {
  return { status: 400, code: 'invalid_request', message };
}

export const draining: Refusal = {
  status: 503,
  code: 'draining',
  message: 'the gateway is shutting down',
  retryAfterS: 1,
};
export const sideUnavailable: Refusal = {
  status: 503,
  code: 'side_unavailable',
  message: 'what sessions do cannot be stored now, and no more of it can be kept here',
  retryAfterS: 5,
};
export const tooMany: Refusal = {
  status: 429,
  code: 'too_many_sessions',
  message: 'this key has as many sessions open as it may',
  retryAfterS: 5,
};
export const duplicate: Refusal = { status: 409, code: 'duplicate_session', message: 'a session with this id is open' };

export function refuse(adapter: Adapter | undefined, refusal: Refusal): Refused {
  const reply = adapter?.refusal(refusal) ?? plainRefusal(refusal);
  // RFC 9110, section 15.5.22, and RFC 6455, section 4.4: who is to upgrade is told to what.
  const headers = refusal.status === 426 ? { ...reply.headers, ...UPGRADE_HEADERS } : reply.headers;
  return { kind: 'refused', refusal, reply: { ...reply, headers } };
}

/** For paths of no provider. */
function plainRefusal({ status, code, message, retryAfterS }: Refusal): HttpReply {
  const error = { code, message, ...(code === 'unknown_path' ? { paths: PATHS } : {}) };
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (retryAfterS !== undefined) headers['retry-after'] = String(retryAfterS);
  return { status, headers, body: JSON.stringify({ error }) };
}

/** Whom a line of the log is about. */
export function idsOf({ sessionId, key, adapter, route }: Admitted) {
  return { id: sessionId, key: key?.id, provider: adapter.name, route: route.path };
}

export function isRefusal(value: object | string | undefined): value is Refusal {
  return typeof value === 'object' && 'status' in value;
}

function digest(secret: string): string {
  return createHash('sha256').update(secret).digest('base64');
}
