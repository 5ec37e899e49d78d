// Picks what of a client's handshake goes on to a provider: an allowlist of headers, and the query without the gateway's own parameters.
// Credentials, cookies and forwarding headers never go on. What goes on of the query keeps its bytes.

import { matchesGlob } from '../../../codecs/text/glob.ts';
import type { Handshake } from '../contract.ts';
import type { Refusal } from '../refusal.ts';
import type { CredentialPlaces, HeaderSwitch } from './places.ts';
import { foldedName } from './query.ts';

/** Begins the names of the gateway's own parameters, in the query and among subprotocols. */
export const OWN_PREFIX = 'trunkline-';

/** Joins `baseUrl` (it may have a path and a query of its own), `path`, and the client's query without credentials and our own parameters. */
export function upstreamUrl(
  baseUrl: string,
  { path, rawQuery }: Pick<Handshake, 'path' | 'rawQuery'>,
  { parameters }: CredentialPlaces,
): string {
  const { start, own } = baseOf(baseUrl);
  const kept = rawQuery?.split('&').flatMap((part) => withoutKeptBack(part, parameters)) ?? [];
  const query = [...own, ...kept];
  const url = start + path;
  return query.length === 0 ? url : `${url}?${query.join('&')}`;
}

interface Base {
  /** The origin, and a path without a slash at its end. */
  readonly start: string;
  /** The query, in one part or none. */
  readonly own: readonly string[];
}

/** Base URLs come from the configuration, so they are few. */
const bases = new Map<string, Base>();

function baseOf(baseUrl: string): Base {
  const known = bases.get(baseUrl);
  if (known !== undefined) return known;
  const { origin, pathname, search } = new URL(baseUrl);
  const base = { start: origin + pathname.replace(/\/+$/, ''), own: search === '' ? [] : [search.slice(1)] };
  bases.set(baseUrl, base);
  return base;
}

/** Appends a parameter of ours behind a query that stays as it is. */
export function withParameter(url: string, name: string, value: string): string {
  return `${url}${url.includes('?') ? '&' : '?'}${name}=${encodeURIComponent(value)}`;
}

/** Some servers take a semicolon for an `&`: what is kept back stands behind none either. */
function withoutKeptBack(part: string, parameters: readonly string[]): readonly string[] {
  const pieces = part.split(';');
  const kept = pieces.filter((piece) => !isKeptBack(piece, parameters));
  return kept.length === 0 ? [] : [kept.join(';')];
}

function isKeptBack(part: string, parameters: readonly string[]): boolean {
  const [name = ''] = new URLSearchParams(part).keys();
  const folded = foldedName(name);
  return folded.startsWith(OWN_PREFIX) || parameters.some((parameter) => foldedName(parameter) === folded);
}

/** Returns the client's headers of these names, which are in lower case. */
export function pickHeaders(handshake: Handshake, names: readonly string[]): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const name of names) {
    const value = handshake.headers[name];
    if (typeof value === 'string') picked[name] = value;
  }
  return picked;
}

/** Returns the handshake without these switches: a header that has no others is left out. */
export function withoutSwitches(handshake: Handshake, switches: readonly HeaderSwitch[] = []): Handshake {
  let { headers } = handshake;
  for (const { header, values } of switches) {
    const { [header.toLowerCase()]: given, ...others } = headers;
    if (given === undefined) continue;
    const kept = switchesIn(given).filter((value) => !isOneOf(values, value));
    headers = kept.length === 0 ? others : { ...others, [header.toLowerCase()]: kept.join(', ') };
  }
  return headers === handshake.headers ? handshake : { ...handshake, headers };
}

/** Returns why a handshake is refused that switches on what may not go upstream; undefined: nothing of it does. */
export function refusedSwitch({ headers }: Handshake, switches: readonly HeaderSwitch[]): Refusal | undefined {
  for (const { header, values } of switches) {
    const unknown = switchesIn(headers[header.toLowerCase()]).find((value) => !isOneOf(values, value));
    if (unknown !== undefined) return notPassedOn(header, unknown, values);
  }
  return undefined;
}

const switchesIn = (header: string | readonly string[] = ''): readonly string[] =>
  String(header)
    .split(',')
    .map((value) => value.trim())
    .filter(Boolean);

const isOneOf = (values: HeaderSwitch['values'], value: string): boolean =>
  values.some((known) => matchesGlob(known, value.toLowerCase()));

function notPassedOn(header: string, value: string, values: readonly string[]): Refusal {
  const named = value.length > 80 ? `${value.slice(0, 80)}...` : value;
  const message = `The header ${header} has ${JSON.stringify(named)}, which is not passed on: expected ${values.join(' or ')}.`;
  return { status: 400, code: 'invalid_request', message };
}
