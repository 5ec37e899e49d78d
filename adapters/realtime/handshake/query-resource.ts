// Endpoints whose query names what a session runs on: one parameter, which may be there once.

import type { Resource, ServedEndpoint } from '../contract.ts';
import { valuesIn } from './query.ts';

interface QueryName {
  readonly kind?: Resource['kind'];
  /** The name, in lists of keys and in prices, of what a provider takes where the query has none; left out where that is not known. */
  readonly usual?: string;
}

/** Makes the fields of an endpoint whose query has a name in this parameter. Providers may take the parameter in any case. */
export function namedInQuery(
  parameter: string,
  { kind = 'model', usual }: QueryName = {},
): Pick<ServedEndpoint, 'namedIn' | 'resources'> {
  return {
    namedIn: parameter,
    resources(handshake) {
      const names = valuesIn(handshake, parameter);
      if (names.length === 0) return usual === undefined ? 'unknown' : [{ kind, name: usual }];
      return names.map((name) => ({ kind, name }));
    },
  };
}
