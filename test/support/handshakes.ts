// Handshakes for tests, from the request target and headers that a client would send.

import type { Handshake } from '../../adapters/realtime/contract.ts';

export function handshakeOf(
  target: string,
  headers: Readonly<Record<string, string>> = {},
  protocols: readonly string[] = [],
): Handshake {
  const [path = '', query = ''] = target.split('?');
  return { path, query: new URLSearchParams(query), headers, protocols };
}
