// Finds the endpoint of a path, the provider that it belongs to, and the subprotocol that the client is answered with.

import { answerable, findEndpoint, findNotServed } from '../../../adapters/realtime/index.ts';
import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import { invalid, notImplemented, nowhere } from '../../http/request/refusals.ts';
import type { Admission } from './admission.ts';

export function resolveEndpoint({
  handshake: { path },
}: Pick<Admission, 'handshake'>): Pick<Admission, 'provider' | 'endpoint'> | Refusal {
  const found = findEndpoint(path);
  if (found !== undefined) return found;
  const known = findNotServed('GET', path);
  return known === undefined ? nowhere(path) : notImplemented(path, known.endpoint.instead);
}

/**
 * Chooses the first subprotocol that is offered and is no credential. RFC 6455, section 4.1: browsers end a connection whose offer is not answered, so that one is refused before the
 * provider is dialled.
 */
export function chooseSubprotocol({
  handshake,
  provider,
}: Pick<Admission, 'handshake' | 'provider'>): Pick<Admission, 'subprotocol'> | Refusal {
  const [subprotocol] = answerable(handshake);
  if (subprotocol !== undefined || handshake.protocols.length === 0) return { subprotocol };
  return invalid(
    'the client offers no subprotocol but its credential, which is never echoed, and would find its offer unanswered: ' +
      `expected ${provider.subprotocol} beside it in Sec-WebSocket-Protocol`,
  );
}
