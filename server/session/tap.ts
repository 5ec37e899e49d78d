// What a session did: counts, residence times, turns, usage. It looks at frames only after they were sent, and keeps no content.

import type { Dialect, Mark, Observation, Usage } from '../../adapters/realtime/contract.ts';
import { type Direction, type Frame, inDirection } from '../../codecs/frame.ts';
import type { SessionUsage, TapSummary } from '../ipc/session-record.ts';
import type { Metrics, TurnTimes } from '../platform/metrics.ts';
import { createResidenceHistogram } from '../platform/residence-histogram.ts';

export interface Tap {
  /** So many frames left after so many milliseconds. */
  sent(direction: Direction, residenceMs: number, frames: number): void;
  observe(frame: Frame, direction: Direction): void;
  summary(): TapSummary;
  used(): SessionUsage;
  /** When a frame last passed, in either direction (monotonic ms). */
  readonly lastFrameAt: number;
}

/** A model's name is what a client or a provider says it is; records and logs keep no more of it. */
const LONGEST_MODEL = 200;
/** Of more models in one session, usage is kept together, as that of a model that has no price. */
const KEPT_MODELS = 16;
const OTHER_MODELS = 'other';
/** The newest turns that a session keeps; older ones are in the metrics only. */
const KEPT_TURNS = 200;

/** `onObserved` gets what a frame told, and when the frame came. */
export function startTap(
  dialect: Dialect,
  metrics: Metrics,
  startedAt: number,
  onObserved?: (observation: Observation, at: number) => void,
): Tap {
  const passed = { upstream: countPassed(), downstream: countPassed() };
  // Made when there is something to keep: idle sessions have neither.
  let turns: ReturnType<typeof trackTurns> | undefined;
  let uses: ReturnType<typeof countUsage> | undefined;
  let model: string | undefined;
  let lastFrameAt = startedAt;
  const sum = (): Omit<SessionUsage, 'model'> => uses?.sum() ?? { usage: {} };

  return {
    sent(direction, residenceMs, count) {
      inDirection(passed, direction).residence.add(residenceMs * 1000, count);
      metrics.residence(direction, residenceMs, count);
    },
    observe(frame, direction) {
      lastFrameAt = frame.at;
      const counts = inDirection(passed, direction);
      counts.frames += 1;
      counts.bytes += frame.data.length;
      metrics.frame(direction, frame.data.length);
      const observation = dialect.observe(frame, direction);
      if (observation === undefined) return;
      if (observation.mark !== undefined) {
        turns ??= trackTurns(metrics);
        turns.mark(observation.mark, frame.at);
      }
      model = observation.model?.slice(0, LONGEST_MODEL) ?? model;
      if (observation.usage !== undefined) {
        uses ??= countUsage();
        uses.add(observation.usage, model);
      }
      onObserved?.(observation, frame.at);
    },
    used: () => ({ model, ...sum() }),
    summary: () => ({
      model,
      frames: { upstream: passed.upstream.frames, downstream: passed.downstream.frames },
      bytes: { upstream: passed.upstream.bytes, downstream: passed.downstream.bytes },
      residenceUs: {
        upstream: passed.upstream.residence.summary(),
        downstream: passed.downstream.residence.summary(),
      },
      turns: turns?.done() ?? [],
      ...sum(),
    }),
    get lastFrameAt() {
      return lastFrameAt;
    },
  };
}

const countPassed = () => ({ frames: 0, bytes: 0, residence: createResidenceHistogram() });

/** A session may ask for another model with every reply, and each has its price. */
function countUsage() {
  const byModel = new Map<string | undefined, Usage>();
  let usage: Usage = {};
  return {
    add(report: Usage, model: string | undefined): void {
      usage = addUsage(usage, report);
      // What is reported for the session as a whole says nothing of who served.
      if (report.cumulative) byModel.clear();
      const of = byModel.has(model) || byModel.size < KEPT_MODELS ? model : OTHER_MODELS;
      byModel.set(of, report.cumulative ? usage : addUsage(byModel.get(of) ?? {}, report));
    },
    sum(): Omit<SessionUsage, 'model'> {
      if (byModel.size < 2) return { usage };
      return { usage, usageByModel: [...byModel].map(([model, part]) => ({ model, usage: part })) };
    },
  };
}

/** Reports add up field by field; a cumulative report replaces what was there. */
export function addUsage(sum: Usage, report: Usage): Usage {
  if (report.cumulative) return { ...sum, ...report };
  const total: Record<string, number | boolean> = { ...sum };
  for (const [field, amount] of Object.entries(report)) {
    if (typeof amount === 'number') total[field] = Number(total[field] ?? 0) + amount;
  }
  return total;
}

/** Milliseconds with microseconds: more digits are noise. */
function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** A turn runs from the end of the speech, or from the request for a reply, to the first piece of the reply. */
function trackTurns(metrics: Metrics) {
  const kept: TurnTimes[] = [];
  let speechStoppedAt: number | undefined;
  let requestedAt: number | undefined;
  let isCutOff = false;

  function answered(times: TurnTimes): void {
    forget();
    kept.push(times);
    if (kept.length > KEPT_TURNS) kept.shift();
    metrics.turn(times);
  }

  /** The first piece of a reply: to the speech it answers, else to the request. */
  function reply(kind: 'Audio' | 'Text', at: number): void {
    if (speechStoppedAt !== undefined) answered({ [`speechTo${kind}Ms`]: round(at - speechStoppedAt) });
    else if (requestedAt !== undefined) answered({ [`requestTo${kind}Ms`]: round(at - requestedAt) });
  }

  function forget(): void {
    speechStoppedAt = undefined;
    requestedAt = undefined;
  }

  return {
    mark(mark: Mark, at: number): void {
      switch (mark) {
        case 'speech-started':
          forget();
          return;
        case 'speech-stopped':
          speechStoppedAt = at;
          return;
        case 'request':
          requestedAt = at;
          return;
        case 'interrupted':
          isCutOff = true;
          return;
        case 'turn-done':
          // A turn that was cut off may end after the request for the next one.
          if (!isCutOff) forget();
          isCutOff = false;
          return;
        case 'audio':
          reply('Audio', at);
          return;
        case 'text':
          reply('Text', at);
          return;
      }
    },
    done: (): readonly TurnTimes[] => [...kept],
  };
}
