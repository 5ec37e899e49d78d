// The places in a client's handshake where a provider looks for a credential, and for features that are switched on.

/** A header that holds switches, separated by commas. */
export interface HeaderSwitch {
  /** The name as the provider writes it; case does not count. */
  readonly header: string;
  /** Patterns of the switches that go upstream, in lower case; `*` stands for any characters. */
  readonly values: readonly string[];
}

/**
 * Places of a credential in a handshake. All names are in lower case, each list is in order of precedence, and every parameter is
 * left out of what goes upstream: signatures and tokens of signed URLs belong there too.
 */
export interface CredentialPlaces {
  /** Headers with the credential as their value; `authorization` has it behind `Bearer` or `Token`, or alone. */
  readonly headers: readonly string[];
  /** `authorization` may have it behind `Basic` as well: as it is, or as the user of the base64 of `user:password`. */
  readonly basic?: true;
  /** Subprotocols that announce the credential as the next one: `token, KEY`. */
  readonly subprotocolPairs: readonly string[];
  /** Beginnings of subprotocols that end with the credential: `bearer.KEY`. */
  readonly subprotocolPrefixes: readonly string[];
  readonly parameters: readonly string[];
}
