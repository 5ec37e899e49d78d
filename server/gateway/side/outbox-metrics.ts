// The outbox of a gateway process in its metrics, read when they are asked for.

import { Counter, Gauge, type Registry } from 'prom-client';
import type { Outbox } from './outbox.ts';

export function exportOutbox(registry: Registry, outbox: Outbox): void {
  const registers = [registry];
  const gauge = (name: string, help: string, value: () => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  };
  gauge('trunkline_outbox_items', 'handed over and not yet stored', () => outbox.items);
  gauge('trunkline_outbox_bytes', 'about as many bytes of it', () => outbox.bytes);
  new Counter({
    name: 'trunkline_outbox_lost_total',
    help: 'items that were lost because the outbox was full',
    registers,
    collect() {
      this.reset();
      this.inc(outbox.lost);
    },
  });
}
