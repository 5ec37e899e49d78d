// The process of the delay proxies: opens one for each distance that is asked for.

import { createDelayProxy, type Distance } from './delay-proxy.ts';
import { serveMethods } from './rpc.ts';

const methods = {
  /** Gives the port to dial instead of the target. */
  open: async (distance: Distance): Promise<number> => (await createDelayProxy(distance)).port,
};
export type DelayProxyMethods = typeof methods;
serveMethods(methods);
