// Endpoints whose query names what a session runs on: one parameter, which must be there once.

import type { Handshake, Resource, ServedEndpoint } from '../contract.ts';

/** Makes the fields of an endpoint whose query has a name of this kind in the parameter. Providers may take it in any case. */
export function namedInQuery(
  parameter: string,
  kind: Resource['kind'] = 'model',
): Pick<ServedEndpoint, 'resources' | 'reject'> {
  const namesIn = ({ query }: Handshake): readonly string[] =>
    [...query].flatMap(([key, name]) => (key.toLowerCase() === parameter && name !== '' ? [name] : []));
  return {
    resources(handshake) {
      const [name] = namesIn(handshake);
      return name === undefined ? 'unknown' : [{ kind, name }];
    },
    reject: (handshake) =>
      namesIn(handshake).length < 2
        ? undefined
        : { status: 400, code: 'invalid_request', message: `The query has ${parameter} more than once: send it once.` },
  };
}
