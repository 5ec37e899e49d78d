// The outbox of a gateway process in its metrics, read when they are asked for.

import { Counter, type Registry } from 'prom-client';
import { exportGauge } from '../../platform/metrics.ts';
import type { Outbox } from './outbox.ts';

export function exportOutbox(registry: Registry, outbox: Outbox): void {
  exportGauge(registry, {
    name: 'trunkline_outbox_items',
    help: 'handed over and not yet stored',
    read: () => outbox.items,
  });
  exportGauge(registry, {
    name: 'trunkline_outbox_bytes',
    help: 'about as many bytes of it',
    read: () => outbox.bytes,
  });
  new Counter({
    name: 'trunkline_outbox_lost_total',
    help: 'items that were lost because the outbox was full',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(outbox.lost);
    },
  });
}
