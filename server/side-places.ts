// Room for requests that the side process has yet to answer, and for their bodies: what a hung one makes this process hold is bounded.

export interface SidePlaces {
  /** A place for a request whose body may be that large; undefined: there is none. */
  take(bytes: number): SidePlace | undefined;
}

export interface SidePlace {
  /** The body has turned out to be smaller. */
  shrink(bytes: number): void;
  leave(): void;
}

export interface PlacesLimits {
  /** At once. */
  readonly requests: number;
  /** Of all their bodies together. */
  readonly requestBytes: number;
}

export function createSidePlaces(limits: PlacesLimits): SidePlaces {
  let requests = 0;
  let held = 0;
  return {
    take(bytes) {
      if (requests >= limits.requests || held + bytes > limits.requestBytes) return undefined;
      let own = bytes;
      requests += 1;
      held += own;
      return {
        shrink(to) {
          held += to - own;
          own = to;
        },
        leave() {
          requests -= 1;
          held -= own;
        },
      };
    },
  };
}
