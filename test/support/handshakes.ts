// Handshakes for tests, from the request target and headers that a client would send.

import type { Handshake } from '../../adapters/realtime/contract.ts';

export function handshakeOf(
  target: string,
  headers: Readonly<Record<string, string>> = {},
  protocols: readonly string[] = [],
): Handshake {
  const [path = '', ...rest] = target.split('?');
  const rawQuery = rest.length === 0 ? undefined : rest.join('?');
  return { path, rawQuery, query: new URLSearchParams(rawQuery), headers, protocols };
}
