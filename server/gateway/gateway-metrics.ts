// The upgrades, unfinished messages and outbox of a gateway process in its metrics, read when they are asked for.

import type { Registry } from 'prom-client';
import { type ConnectionLimit, exportWaiting } from '../http/connection/connection-limit.ts';
import { exportGauge } from '../platform/metrics.ts';
import type { UnfinishedMessages } from '../session/unfinished-messages.ts';
import type { Outbox } from './side/outbox.ts';
import { exportOutbox } from './side/outbox-metrics.ts';

interface Held {
  readonly connections: ConnectionLimit;
  readonly unfinished: UnfinishedMessages;
  readonly outbox: Outbox | undefined;
}

export function exportGauges(registry: Registry, { connections, unfinished, outbox }: Held): void {
  exportWaiting(registry, connections);
  if (outbox !== undefined) exportOutbox(registry, outbox);
  exportGauge(registry, { name: 'trunkline_upgrades', help: 'upgrades in progress', read: connections.upgrading });
  exportGauge(registry, {
    name: 'trunkline_unfinished_message_bytes',
    help: 'memory of messages that have begun and have yet to end, see limits.maxUnfinishedBytes',
    read: () => unfinished.bytes,
  });
}
