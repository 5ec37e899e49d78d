// The ports of the gateway processes, and the sockets that listen there. This process holds each of them, so that what waits at one outlives whoever
// accepts from it.

import type { Config } from '../../config/config.ts';
import type { LiveConfig } from '../../config/live/live.ts';
import { canReusePort, closeListener, createListener, openListener } from '../../http/listener.ts';
import { letGo } from '../../ipc/channel/connection.ts';
import { fitsPlace, type ListenerSocket, portOf, type SocketPlace } from '../../ipc/channel/listener-socket.ts';
import { type Ports, portsOf } from '../../ipc/process-start.ts';

/** `index`: the process that opened it; undefined for an inherited one. */
interface HeldSocket extends ListenerSocket {
  readonly index?: number;
}

export class ProcessListeners {
  readonly #live: LiveConfig;
  #ports: Ports;
  #sockets: readonly HeldSocket[];
  #isClustered = false;

  /** `inherited`: sockets that listened before this process started. */
  constructor(live: LiveConfig, inherited: readonly ListenerSocket[]) {
    this.#live = live;
    this.#ports = portsOf(live.config);
    this.#sockets = inherited.filter(({ setting }) => setting.startsWith('listen.'));
    for (const { setting, handle } of this.#sockets)
      this.#ports = { ...this.#ports, [nameOf(setting)]: portOf(handle) };
  }

  /** Where the configuration says 0, the port that the system chose, once that is known. */
  get ports(): Ports {
    return this.#ports;
  }

  use(ports: Ports): void {
    this.#ports = ports;
  }

  /** True when the processes share the listeners of this process, since the system lets them share no port. */
  get isClustered(): boolean {
    return this.#isClustered;
  }

  /** True where they listen on the same ports, each for itself. */
  get isShared(): boolean {
    return this.#live.config.processes > 1 && !this.#isClustered;
  }

  get sockets(): readonly ListenerSocket[] {
    return this.#sockets;
  }

  /** Decides how the processes share their ports, which says how they are forked. */
  async prepare(): Promise<void> {
    const { processes, listen } = this.#live.config;
    this.#isClustered = processes > 1 && this.#sockets.length === 0 && !(await canReusePort(listen.host));
  }

  /**
   * Fails where another gateway has a port, since ports that our processes share would be shared with its processes too. Clustered
   * processes need them before the first one listens, so that those that are started again find the same.
   */
  async probe(): Promise<void> {
    const { listen, limits, processes } = this.#live.config;
    for (const [name, port] of Object.entries(this.#ports)) {
      const setting = `listen.${name}`;
      const isHeld = this.#sockets.some((socket) => socket.setting === setting);
      if (processes === 1 || isHeld || port === undefined || (port === 0 && !this.#isClustered)) continue;
      const probe = createListener(limits);
      this.#ports = { ...this.#ports, [name]: await openListener(probe, { setting, host: listen.host, port }) };
      await closeListener(probe);
    }
  }

  /** Takes a copy of a socket that one of the processes has opened. */
  keep(index: number, place: SocketPlace, handle: unknown): void {
    this.#sockets = [...this.#sockets, { ...place, handle, index }];
  }

  /** Gives the sockets of one of the processes: its own, and of the inherited ones its part, or one that it shares. */
  of(index: number): readonly ListenerSocket[] {
    const { processes } = this.#live.config;
    const inherited = this.#sockets.filter((socket) => socket.index === undefined);
    const bySetting = Object.values(Object.groupBy(inherited, ({ setting }) => setting));
    const parts = bySetting.flatMap((sockets = []) =>
      sockets.filter((_, at) => at % processes === index || at === index % sockets.length),
    );
    return [...parts, ...this.#sockets.filter((socket) => socket.index === index)];
  }

  /** Lets go of all of them. */
  close(): void {
    for (const { handle } of this.#sockets) letGo(handle);
    this.#sockets = [];
  }
}

const nameOf = (setting: string): string => setting.replace('listen.', '');

/** Returns the sockets that the configuration has a use for, and lets go of the others. */
export function usableSockets(sockets: readonly ListenerSocket[], config: Config): readonly ListenerSocket[] {
  const { listen, admin } = config;
  const ports = Object.entries(portsOf(config)).map(([name, port]) => [`listen.${name}`, listen.host, port] as const);
  const places = [...ports, ['admin.port', admin.host, admin.port] as const];
  const isUsable = (socket: ListenerSocket): boolean =>
    places.some(([setting, host, port]) => port !== undefined && fitsPlace(socket, { setting, host, port }));
  for (const socket of sockets) if (!isUsable(socket)) letGo(socket.handle);
  return sockets.filter(isUsable);
}
