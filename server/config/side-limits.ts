// How much of the side path one key may take while there are others.

export interface PlacesLimits {
  /** At once. */
  readonly requests: number;
  /** Of all their bodies together, as far as they have come. */
  readonly requestBytes: number;
}

/** What one key may take of each limit while there are others. */
export const SHARE_OF_KEY = 1 / 2;

/** What one of so many keys may take. */
export function limitsOfKey({ requests, requestBytes }: PlacesLimits, keys: number): PlacesLimits {
  const share = keys > 1 ? SHARE_OF_KEY : 1;
  return { requests: Math.ceil(requests * share), requestBytes: Math.floor(requestBytes * share) };
}
