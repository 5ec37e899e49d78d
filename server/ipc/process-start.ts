// What a gateway process is started with, and how long it may take to hand over the rest when it ends.

import type { Config } from '../config/config.ts';
import type { Ports } from './ports.ts';

export interface GatewayStart {
  readonly config: Config;
  /** PEM text of the certificate and its key; undefined: the gateway has no TLS listener. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  readonly rehearsalUrl: string | undefined;
  /** Where the side process listens. */
  readonly sideSocket: string | undefined;
  readonly ports: Ports;
  /** Other processes listen on the same ports, each for itself. */
  readonly isShared: boolean;
}

/** How long the end of a process waits until what it handed over is stored. */
export const FLUSH_MS = 5000;
