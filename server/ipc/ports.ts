// The ports of a gateway.

import type { Config } from '../config/config.ts';

/** The ports that were taken, where the configuration said 0 too. */
export interface Ports {
  readonly port: number;
  readonly tlsPort?: number | undefined;
}

/** The ports that a configuration asks for. */
export function portsOf({ listen }: Pick<Config, 'listen'>): Ports {
  return { port: listen.port, tlsPort: listen.tlsPort === false ? undefined : listen.tlsPort };
}
