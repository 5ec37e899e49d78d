// Endpoints whose query names what a session runs on: one parameter, which must be there once.

import type { Handshake, Resource, ServedEndpoint } from '../contract.ts';

interface QueryName {
  readonly kind?: Resource['kind'];
  /** The name, in lists of keys and in prices, of what a provider takes where the query has none; left out where that is not known. */
  readonly usual?: string;
}

/** Makes the fields of an endpoint whose query has a name in this parameter. Providers may take the parameter in any case. */
export function namedInQuery(
  parameter: string,
  { kind = 'model', usual }: QueryName = {},
): Pick<ServedEndpoint, 'namedIn' | 'resources' | 'reject'> {
  return {
    namedIn: parameter,
    resources(handshake) {
      const [name = usual] = valuesIn(handshake, parameter);
      return name === undefined ? 'unknown' : [{ kind, name }];
    },
    reject: (handshake) =>
      namesIn(handshake, parameter) < 2
        ? undefined
        : { status: 400, code: 'invalid_request', message: `The query has ${parameter} more than once: send it once.` },
  };
}

/** Counts a parameter, with empty values: which one a provider reads is not known. */
const namesIn = ({ query }: Pick<Handshake, 'query'>, parameter: string): number =>
  [...query.keys()].filter((name) => name.toLowerCase() === parameter).length;

/** The values of a parameter, in whatever case its name is, without empty ones. */
export function valuesIn({ query }: Pick<Handshake, 'query'>, parameter: string): readonly string[] {
  return [...query].flatMap(([name, value]) => (name.toLowerCase() === parameter && value !== '' ? [value] : []));
}
