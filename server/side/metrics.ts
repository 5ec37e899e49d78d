// Metrics of the side process. They are added to those of the gateway processes, so no name may be in both.

import { Counter, Histogram, Registry } from 'prom-client';
import type { SessionEvent } from '../ipc/session-event.ts';

const DIAL_BOUNDS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const TASK_BOUNDS_S = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

export function createSideMetrics() {
  const registry = new Registry();
  const registers = [registry];
  const stored = new Counter({
    name: 'trunkline_side_stored_total',
    help: 'session events of gateway processes that are stored',
    labelNames: ['kind'],
    registers,
  });
  const tasks = new Histogram({
    name: 'trunkline_side_task_seconds',
    help: 'runs of side tasks, by kind and what became of them',
    labelNames: ['kind', 'state'],
    buckets: TASK_BOUNDS_S,
    registers,
  });
  const webhooks = new Counter({
    name: 'trunkline_webhooks_total',
    help: 'messages to webhooks, by event and what became of them',
    labelNames: ['event', 'outcome'],
    registers,
  });
  const dials = new Histogram({
    name: 'trunkline_side_dial_seconds',
    help: 'time to open a connection to an LLM gateway, TLS included',
    labelNames: ['gateway'],
    buckets: DIAL_BOUNDS_S,
    registers,
  });
  return {
    registry,
    connected: (gateway: string, tookMs: number) => dials.observe({ gateway }, tookMs / 1000),
    stored(events: readonly SessionEvent[]) {
      for (const { kind } of events) stored.inc({ kind });
    },
    settled: (kind: string, state: string, tookMs: number) => tasks.observe({ kind, state }, tookMs / 1000),
    delivered: (event: string, outcome: string) => webhooks.inc({ event, outcome }),
  };
}
