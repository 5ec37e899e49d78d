// Metrics of the side process. They are added to those of the gateway processes, so no name may be in both.

import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { SessionEvent } from '../../ipc/session-event.ts';
import { exportGauge } from '../../platform/metrics.ts';
import type { WatchedTarget } from '../llm/targets.ts';
import type { RunCounts } from '../runs/run.ts';

const DIAL_BOUNDS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const GUARD_BOUNDS_S = [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
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
  const guards = new Histogram({
    name: 'trunkline_guard_seconds',
    help: 'time of the checks of one side of a call (input, output), by class',
    labelNames: ['class', 'side'],
    buckets: GUARD_BOUNDS_S,
    registers,
  });
  const watch = exportBlocked(registry);
  return {
    registry,
    watch,
    runs: countRuns(registry),
    connected: (gateway: string, tookMs: number) => dials.observe({ gateway }, tookMs / 1000),
    stored(events: readonly SessionEvent[]) {
      for (const { kind } of events) stored.inc({ kind });
    },
    settled: (kind: string, state: string, tookMs: number) => tasks.observe({ kind, state }, tookMs / 1000),
    guarded: (promptClass: string, side: string, tookMs: number) =>
      guards.observe({ class: promptClass, side }, tookMs / 1000),
    delivered: (event: string, outcome: string) => webhooks.inc({ event, outcome }),
  };
}

const RUN_OUTCOMES = ['completed', 'incomplete', 'failed', 'cancelled', 'lost'] as const;

function countRuns(registry: Registry): RunCounts {
  const registers = [registry];
  let now: Parameters<RunCounts['watch']>[0] = () => ({ running: 0, readers: 0, bytes: 0 });
  exportGauge(registry, { name: 'trunkline_runs', help: 'runs under way', read: () => now().running });
  exportGauge(registry, { name: 'trunkline_run_readers', help: 'readers of logs of runs', read: () => now().readers });
  exportGauge(registry, {
    name: 'trunkline_run_bytes',
    help: 'memory of runs that are under way or ended a while ago',
    read: () => now().bytes,
  });
  const started = new Counter({ name: 'trunkline_runs_started_total', help: 'runs that began', registers });
  const ended = new Counter({
    name: 'trunkline_runs_ended_total',
    help: 'runs that ended, by what became of them; lost are those whose process was gone',
    labelNames: ['outcome'],
    registers,
  });
  const resumed = new Counter({
    name: 'trunkline_run_resumes_total',
    help: 'readers that were not the first of a run of this process, and those of runs in the store, by where the log was',
    labelNames: ['log'],
    registers,
  });
  const unstored = new Counter({
    name: 'trunkline_runs_not_stored_total',
    help: 'runs of which the store does not take all, though it takes others: its log, what was asked and answered too (texts), or all',
    labelNames: ['lost'],
    registers,
  });
  for (const outcome of RUN_OUTCOMES) ended.inc({ outcome }, 0);
  return {
    watch(read) {
      now = read;
    },
    started: () => started.inc(),
    ended: (outcome, runs = 1) => ended.inc({ outcome }, runs),
    resumed: (log) => resumed.inc({ log }),
    unstored: (lost) => unstored.inc({ lost }),
  };
}

const BLOCKS = ['broken', 'limited', 'full'] as const;

/** Exports which targets are kept away from. Returns what says which there are. */
function exportBlocked(registry: Registry): (targets: () => readonly WatchedTarget[]) => void {
  let watched: () => readonly WatchedTarget[] = () => [];
  const gauge: Gauge = new Gauge({
    name: 'trunkline_side_target_blocked',
    help: 'side processes that send nothing to a target now: its breaker is open (broken), it asked to be left alone (limited), or as many calls wait as may (full)',
    labelNames: ['gateway', 'model', 'reason'],
    registers: [registry],
    collect() {
      gauge.reset();
      for (const { gatewayName: gateway, model, guard } of watched()) {
        const found = guard.unavailable(Date.now())?.reason;
        for (const reason of BLOCKS) gauge.set({ gateway, model, reason }, Number(reason === found));
      }
    },
  });
  return (targets) => {
    watched = targets;
  };
}
