// The options that our processes are started with, their ports and sockets, what they do once their code is loaded, and the time that they get to
// hand over events when they end.

import { flushCompileCache } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import type { Config } from '../config/config.ts';
import type { BudgetUse } from './stored-rows.ts';

/** The ports of the listeners. Where the configuration says 0, the port that the system chose. */
export interface Ports {
  readonly port: number;
  readonly tlsPort?: number | undefined;
}

/** The ports that a configuration asks for. */
export function portsOf({ listen }: Pick<Config, 'listen'>): Ports {
  return { port: listen.port, tlsPort: listen.tlsPort === false ? undefined : listen.tlsPort };
}

export interface GatewayStart {
  readonly config: Config;
  /** PEM texts of the certificate and its key. Where it is undefined, the gateway has no TLS listener. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  readonly rehearsalUrl: string | undefined;
  readonly side: SidePlaces;
  /** The budgets without room. */
  readonly closedBudgets: readonly BudgetUse[];
  readonly ports: Ports;
  /** True when other processes listen on the same ports, each for itself. */
  readonly isShared: boolean;
  /** True for the one of several gateway processes that probes the providers. */
  readonly isProber: boolean;
}

/** Where side processes are found. */
export interface SidePlaces {
  /** The socket of the one that owns the store, for what sessions ask; undefined while it is down. */
  readonly calls: string | undefined;
  /** Sockets for connections that only a gateway process can read: one of each that runs. */
  readonly http: readonly string[];
}

/** The sockets that a side process listens on, in a folder that only this user can enter. */
export interface SideSockets {
  /** Calls of gateway processes for their sessions, and of other side processes for the store. */
  readonly calls: string;
  /** Connections of clients that only a gateway process can read. */
  readonly http: string;
  /** The administrator's requests. */
  readonly admin: string;
}

/** `path`: the one of which the others are told by. */
export function sideSockets(path: string): SideSockets {
  return { calls: path, http: `${path}-http`, admin: `${path}-admin` };
}

/** The socket of a gateway process for clients that come back to it and were accepted by another, in the folder of the run. */
export const returnsSocket = (pid: number | undefined): string | undefined =>
  pid === undefined ? undefined : join(tmpdir(), `returns-${pid}`);

/**
 * Makes V8 optimise what was called 50 times, once a process has loaded its code. By default it takes 400 calls, and 500 more where it has learned
 * something new: what a session does once would be slow for the first thousand. A release that does not know a flag says so, and goes on.
 */
export function optimizeEarly(): void {
  // Compiled code is kept with the flags of V8, and is of no use to a start with others.
  flushCompileCache();
  for (const calls of ['invocation-count-for-maglev', 'minimum-invocations-after-ic-update'])
    setFlagsFromString(`--${calls}=50`);
}

/** Time that the end of a process waits until its events are stored. */
export const FLUSH_MS = 5000;

export interface SideStart {
  readonly config: Config;
  /** The count of changes of keys that was told last; undefined: none. */
  readonly keysToldAt?: number | undefined;
  /** Id of one supervisor, from its start to its end. */
  readonly instance: string;
  /** False beside an earlier or a later instance of the same data directory, each of which has its own drain or start. */
  readonly isAlone: boolean;
  /** True for the one of several side processes that owns the store. */
  readonly isOwner: boolean;
  /** False for a process that takes events and answers HTTP, but works on nothing by itself. */
  readonly runsTasks: boolean;
  /** URL of the rehearsal (http:), if there is one now. */
  readonly rehearsalUrl: string | undefined;
  /** Path of the socket for gateway processes; undefined for none. */
  readonly socketPath?: string | undefined;
}
