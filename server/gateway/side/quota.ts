// Room for requests that the side process has yet to answer, and for their bodies: what a hung one makes this process hold is bounded, and
// no key can take it all.
import { limitsOfKey, type PlacesLimits } from '../../config/side-limits-schema.ts';

export interface SideQuota {
  /** A place for a request of that key (undefined: in open mode). undefined: there is none, or no room for a body of that size as things are. */
  acquire(key: string | undefined, expectedBytes: number): QuotaLease | undefined;
}

export interface QuotaLease {
  /** So many more bytes of the body have come. false: there is no room for them. */
  grow(bytes: number): boolean;
  release(): void;
}

/** `keys`: how many there are; 0 in open mode. */
export function createSideQuota(limits: PlacesLimits, keys: number): SideQuota {
  const all = createTally(limits);
  const ofKey = limitsOfKey(limits, keys);
  const byKey = new Map<string | undefined, Tally>();
  return {
    acquire(key, expectedBytes) {
      const own = byKey.get(key) ?? createTally(ofKey);
      byKey.set(key, own);
      const tallies = [all, own];
      const fits = (requests: number, bytes: number) => tallies.every((tally) => tally.fits(requests, bytes));
      const add = (requests: number, bytes: number) => {
        for (const tally of tallies) tally.add(requests, bytes);
      };
      if (!fits(1, expectedBytes)) return undefined;
      let held = 0;
      add(1, 0);
      return {
        grow(bytes) {
          if (!fits(0, bytes)) return false;
          held += bytes;
          add(0, bytes);
          return true;
        },
        release: () => add(-1, -held),
      };
    },
  };
}

type Tally = ReturnType<typeof createTally>;

function createTally(limits: PlacesLimits) {
  let taken = 0;
  let held = 0;
  return {
    fits: (requests: number, bytes: number) =>
      taken + requests <= limits.requests && held + bytes <= limits.requestBytes,
    add(requests: number, bytes: number) {
      taken += requests;
      held += bytes;
    },
  };
}
