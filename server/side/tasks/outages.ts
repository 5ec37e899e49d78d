// The classes whose targets cannot be asked at the moment: their tasks stay in the queue, and a few are tried at growing intervals.

import type { Logger } from 'pino';
import type { RetryPolicy } from './outcome.ts';

interface Outage {
  /** Date.now() until which no task of the class is claimed. */
  until: number;
  pauseMs: number;
}

export function createOutages({ firstDelayMs, maxWaitMs }: RetryPolicy, log: Logger) {
  const outages = new Map<string, Outage>();
  return {
    /** Names the classes of which nothing is to be claimed now. */
    classes: (now: number): readonly string[] =>
      [...outages].flatMap(([promptClass, { until }]) => (until > now ? [promptClass] : [])),

    /** Takes that a run found nobody to ask. The runs of one interval make it longer once. */
    met(promptClass: string): void {
      const known = outages.get(promptClass);
      const now = Date.now();
      if (known === undefined) log.warn({ class: promptClass }, 'no target of a class can be asked: its tasks wait');
      else if (known.until > now) return;
      const pauseMs = Math.min(maxWaitMs, known === undefined ? firstDelayMs : known.pauseMs * 2);
      outages.set(promptClass, { until: now + pauseMs, pauseMs });
    },

    /** Takes that a target of the class has answered. */
    over(promptClass: string): void {
      if (outages.delete(promptClass)) log.info({ class: promptClass }, 'the tasks of a class run again');
    },
  };
}
