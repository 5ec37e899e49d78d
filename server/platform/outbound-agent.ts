// Connections of the side path to the outside: LLM gateways and webhooks. Rule: a private address is dialled only where the
// configuration allows it, whatever a name resolves to; redirects are never followed (undici follows none by itself).

import { Agent, buildConnector } from 'undici';
import { isPrivateAddress, PrivateAddressError, publicLookup } from './private-address.ts';

interface OutboundOptions {
  readonly allowPrivate: boolean;
  /** TCP and TLS together. */
  readonly connectMs: number;
  /** Open at once to one origin; undefined: as many as are asked for. */
  readonly connections?: number | undefined;
}

/** A pool of connections; a refused address fails the request with a PrivateAddressError. Close it when done. */
export function publicAgent({ allowPrivate, connectMs, connections }: OutboundOptions): Agent {
  const dial = buildConnector({
    timeout: connectMs,
    allowH2: false,
    minVersion: 'TLSv1.2',
    ...(allowPrivate ? {} : { lookup: publicLookup }),
  });
  return new Agent({
    connections: connections ?? null,
    keepAliveTimeout: 30_000,
    connect(options, callback) {
      // A literal address is never looked up, so it is checked here.
      if (!allowPrivate && isPrivateAddress(options.hostname)) return callback(new PrivateAddressError(), null);
      dial(options, callback);
    },
  });
}
