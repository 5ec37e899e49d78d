// Counts what is in progress, up to a limit: in all, and half of it from one address that is no proxy.

import type { AddressList } from '../../platform/address-list.ts';

export type Places = ReturnType<typeof createPlaces>;

/** `most`: the limit, asked each time. `isProxy`: addresses that are those of many clients. */
export function createPlaces(most: () => number, isProxy: AddressList) {
  const byAddress = new Map<string, number>();
  let taken = 0;
  return {
    taken: () => taken,
    /** Returns the end of what begins; where there is no room, who fills it: all together, or this address. */
    take(address: string): (() => void) | 'all' | 'address' {
      const own = byAddress.get(address) ?? 0;
      if (taken >= most()) return 'all';
      if (own >= Math.ceil(most() / 2) && !isProxy(address)) return 'address';
      taken += 1;
      byAddress.set(address, own + 1);
      return () => {
        taken -= 1;
        const left = (byAddress.get(address) ?? 1) - 1;
        if (left === 0) byAddress.delete(address);
        else byAddress.set(address, left);
      };
    },
  };
}
