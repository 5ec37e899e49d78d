// Listening sockets on their way between our processes. Rule: the system resets the connections that wait at a socket once nobody holds it, so that
// whoever passes one on keeps it until the other one listens.

/** Says what a socket listens for. `setting`: the key of its port; `host`: undefined where only its port is known. */
export interface SocketPlace {
  readonly setting: string;
  readonly host: string | undefined;
}

export interface ListenerSocket extends SocketPlace {
  /** The part of a server that can be passed on. */
  readonly handle: unknown;
}

/** Tells whether a socket listens where the configuration wants it; any port will do for 0. */
export function fitsPlace({ setting, host, handle }: ListenerSocket, wanted: SocketPlace & { port: number }): boolean {
  const isThere = setting === wanted.setting && (host ?? wanted.host) === wanted.host;
  return isThere && (wanted.port === 0 || wanted.port === portOf(handle));
}

/** Returns the port of a listening socket; undefined for one of another kind. */
export function portOf(handle: unknown): number | undefined {
  const name: { port?: number } = {};
  (handle as { getsockname(name: object): number }).getsockname(name);
  return name.port;
}
