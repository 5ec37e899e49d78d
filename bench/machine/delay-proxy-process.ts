// The process of the delay proxies: opens one for each distance that is asked for.

import { createDelayProxy, type Distance } from './delay-proxy.ts';
import { serveMethods } from './rpc.ts';

serveMethods({
  open: async (distance: Distance) => (await createDelayProxy(distance)).port,
});
