// One gateway process, forked by the supervisor: everything it needs arrives over the channel, and it ends when the channel does.

import { openChannel } from './channel.ts';
import type { Config } from './config.ts';
import { joinFleet } from './fleet.ts';
import { Gateway, type GatewayOptions, type Ports } from './gateway.ts';
import { createLog } from './log.ts';

export interface WorkerStart {
  readonly config: Config;
  readonly tls: GatewayOptions['tls'];
  readonly rehearsalUrl: string | undefined;
  readonly ports: Ports;
  /** Other processes listen on the same ports. */
  readonly isShared: boolean;
}

let gateway: Gateway | undefined;

const supervisor = openChannel(process, {
  async start({ config, tls, rehearsalUrl, ports, isShared }: WorkerStart): Promise<Ports> {
    gateway = new Gateway({ config, tls, rehearsalUrl, fleet, log: createLog(config.log.level) });
    return gateway.listen(ports, isShared);
  },
  rehearsal: (url: string) => gateway?.useRehearsal(url),
  metrics: () => gateway?.metrics.registry.getMetricsAsJSON(),
  records: () => gateway?.records(),
  find: (id: string) => gateway?.record(id),
  drain: () => gateway?.drain(),
  close: () => gateway?.close(),
});

const fleet = joinFleet(supervisor);

// Signals reach the whole process group; only the supervisor acts on them.
process.on('SIGTERM', () => {});
process.on('SIGINT', () => {});
process.once('disconnect', () => void gateway?.close());
