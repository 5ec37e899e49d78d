// The process of the delay proxies: opens one for each distance that is asked for.

import { serveMethods } from '../load/remote.ts';
import { createDelayProxy, type Distance } from './delay-proxy.ts';

serveMethods({
  open: async (distance: Distance) => (await createDelayProxy(distance)).port,
});
