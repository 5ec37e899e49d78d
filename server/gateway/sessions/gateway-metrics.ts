// The upgrades, unfinished messages and outbox of a gateway process in its metrics, read when they are asked for.

import { Gauge, type Registry } from 'prom-client';
import type { LiveConfig } from '../../config/live/live.ts';
import { type ConnectionLimit, exportWaiting } from '../../http/connection/connection-limit.ts';
import { exportGauge } from '../../platform/metrics.ts';
import type { UnfinishedMessages } from '../../session/unfinished-messages.ts';
import type { Outbox } from '../side/outbox.ts';
import { exportOutbox } from '../side/outbox-metrics.ts';
import type { Breakers } from '../targets/breakers.ts';

interface Held {
  readonly connections: ConnectionLimit;
  readonly unfinished: UnfinishedMessages;
  readonly outbox: Outbox | undefined;
  readonly breakers: Breakers;
  readonly live: LiveConfig;
}

export function exportGauges(registry: Registry, { connections, unfinished, outbox, breakers, live }: Held): void {
  exportAccounts(registry, () => Object.keys(live.now.providers), breakers);
  exportWaiting(registry, connections);
  if (outbox !== undefined) exportOutbox(registry, outbox);
  exportGauge(registry, { name: 'trunkline_upgrades', help: 'upgrades in progress', read: connections.upgrading });
  exportGauge(registry, {
    name: 'trunkline_unfinished_message_bytes',
    help: 'memory of messages that have begun and have yet to end, see limits.maxUnfinishedBytes',
    read: () => unfinished.bytes,
  });
}

/** One process whose breaker is open is enough to say that an account is down. */
function exportAccounts(registry: Registry, accounts: () => readonly string[], breakers: Breakers): void {
  const up: Gauge = new Gauge({
    name: 'trunkline_provider_up',
    help: '1 while the breaker of an account at a realtime provider is closed, 0 from the failures that open it until a dial that succeeds',
    labelNames: ['provider'],
    registers: [registry],
    aggregator: 'min',
    collect() {
      up.reset();
      for (const provider of accounts()) up.set({ provider }, breakers.isOpen(provider) ? 0 : 1);
    },
  });
}
