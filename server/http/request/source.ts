// Says where a request comes from. Rule: what a proxy says of its client counts only where the proxy is one of listen.trustedProxies.

import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { type AddressList, plainAddress } from '../../platform/address-list.ts';

export interface RequestSource {
  /** The id of the request in its answer and in the log: the client's own where it is fit for both. */
  readonly requestId: string;
  /** The address of the client. */
  readonly address: string;
}

export const REQUEST_ID_HEADER = 'x-request-id';
const REQUEST_ID = /^[\w.:/+=@-]{1,128}$/;

/** `peer`: the address that the connection comes from. */
export function sourceOf({ headers }: IncomingMessage, peer: string, isTrusted: AddressList): RequestSource {
  const offered = headers[REQUEST_ID_HEADER];
  const requestId = typeof offered === 'string' && REQUEST_ID.test(offered) ? offered : randomUUID();
  return { requestId, address: isTrusted(peer) ? forwardedAddress(headers, peer, isTrusted) : peer };
}

/** The origin that the client of a trusted proxy asked; undefined where the proxy does not say by which scheme. */
export function forwardedOrigin(headers: IncomingHttpHeaders): string | undefined {
  const nearest = forwardedElements(headers).at(-1);
  const scheme = (lastOf(headers['x-forwarded-proto']) ?? nearest?.proto)?.toLowerCase();
  const host = lastOf(headers['x-forwarded-host']) ?? nearest?.host ?? headers.host;
  if ((scheme !== 'https' && scheme !== 'http') || host === undefined) return undefined;
  const url = `${scheme}://${host}`;
  return URL.canParse(url) ? new URL(url).origin : undefined;
}

/**
 * The nearest address that is not a proxy's. Each proxy adds at the end of `X-Forwarded-For` or `Forwarded` whom it got the request from, so
 * that everything before the last address which is not trusted may be made up.
 */
function forwardedAddress(headers: IncomingHttpHeaders, peer: string, isTrusted: AddressList): string {
  const chain = headers['x-forwarded-for'];
  const entries =
    chain === undefined ? forwardedElements(headers).map((element) => element.for ?? '') : String(chain).split(',');
  let nearest = peer;
  for (const entry of entries.toReversed()) {
    const address = addressIn(entry.trim());
    if (address === undefined) return nearest;
    nearest = address;
    if (!isTrusted(address)) return nearest;
  }
  return nearest;
}

/** `Forwarded` (RFC 7239): elements of pairs, whose values may be quoted. An element that cannot be read says nothing. */
function forwardedElements({ forwarded }: IncomingHttpHeaders): readonly Readonly<Record<string, string>>[] {
  const elements = String(forwarded ?? '').match(/(?:[^,"]|"(?:[^"\\]|\\.)*")+/g) ?? [];
  return elements.map((element) => {
    const pairs = element.matchAll(/(?:^|;)\s*(\w+)=(?:"([^"]*)"|([^;"\s]*))\s*(?=;|$)/g);
    return Object.fromEntries(
      [...pairs].map(([, name = '', quoted, bare = '']) => [name.toLowerCase(), quoted ?? bare]),
    );
  });
}

/** Proxies write addresses bare, and some with a port: `192.0.2.1:80`, `[2001:db8::1]:80`. */
function addressIn(entry: string): string | undefined {
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(entry)?.[1] ?? /^([\d.]+):\d+$/.exec(entry)?.[1] ?? entry;
  const address = plainAddress(bare);
  return isIP(address) === 0 ? undefined : address;
}

/** The entry of the nearest proxy. */
function lastOf(list: string | string[] | undefined): string | undefined {
  return list === undefined ? undefined : String(list).split(',').at(-1)?.trim();
}
