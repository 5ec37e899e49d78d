// Every place that a provider declares for a client's credential, as a client would use it.

import type { Provider } from '../../../adapters/realtime/contract.ts';

export interface CredentialOffer {
  readonly place: string;
  /** The part of the query with the credential; '' where it is elsewhere. */
  query(credential: string): string;
  request(credential: string): {
    readonly headers: Readonly<Record<string, string>>;
    readonly protocols: readonly string[];
  };
  /** The credential in the first message, where it is there. */
  inMessage?(credential: string): string;
}

/** The place of a client whose handshake has no credential. */
export const inFirstMessage: CredentialOffer = {
  place: 'the first message',
  query: () => '',
  request: () => ({ headers: {}, protocols: [] }),
  inMessage: (key) => key,
};

/** A client whose credential is in a subprotocol also offers the one that the provider names. */
export function credentialOffers({ credentials, subprotocol }: Provider): readonly CredentialOffer[] {
  const { headers, subprotocolPairs, subprotocolPrefixes, parameters } = credentials;
  return [
    ...headers.flatMap((name) =>
      name === 'authorization'
        ? [
            inHeader('Authorization: Bearer', name, 'Bearer '),
            inHeader('Authorization: Token', name, 'Token '),
            inHeader('Authorization alone', name, ''),
          ]
        : [inHeader(`the header ${name}`, name, '')],
    ),
    ...subprotocolPairs.map((first) => inProtocols(`the subprotocol behind ${first}`, (key) => [first, key])),
    ...subprotocolPrefixes.map((prefix) =>
      inProtocols(`the subprotocol ${prefix}*`, (key) => [subprotocol, prefix + key]),
    ),
    ...parameters.map((name) => ({
      place: `the parameter ${name}`,
      query: (key: string) => `${name}=${key}`,
      request: () => ({ headers: {}, protocols: [] }),
    })),
  ];
}

const inHeader = (place: string, name: string, scheme: string): CredentialOffer => ({
  place,
  query: () => '',
  request: (key) => ({ headers: { [name]: scheme + key }, protocols: [] }),
});

const inProtocols = (place: string, protocols: (key: string) => readonly string[]): CredentialOffer => ({
  place,
  query: () => '',
  request: (key) => ({ headers: {}, protocols: protocols(key) }),
});
