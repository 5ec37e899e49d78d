// The figures of a timeline at a glance: what each part of the way took, and which of them is the bad one.

import type { Timeline, TimelineItem } from '../../api/sessions.ts';
import { formatMs, formatUs } from '../format.ts';
import { standsOut } from './timeline.ts';

interface TimelineFigure {
  readonly name: string;
  /** Short words; a dash where nothing was measured. */
  readonly text: string;
  readonly isBad: boolean;
}

/** The gateway's own verdicts go by the same limit. */
const longResidenceUs = 50_000;

/** Returns them in the order of the way: opening, client, gateway, provider, and what came of it. */
export function figuresOf({ entries, residenceUs }: Timeline): readonly TimelineFigure[] {
  const figure = (
    name: string,
    say: (found: readonly TimelineItem[]) => string,
    ...kinds: readonly TimelineItem['kind'][]
  ): TimelineFigure => {
    const found = entries.filter(({ kind }) => kinds.includes(kind));
    return { name, text: say(found), isBad: found.some(standsOut) };
  };
  const residence = Math.max(residenceUs?.upstream.p99 ?? Number.NaN, residenceUs?.downstream.p99 ?? Number.NaN);
  return [
    figure('Opening', opening, 'dial', 'open'),
    figure('Client, there and back', spread, 'round-trip'),
    { name: 'In the gateway (p99)', text: formatUs(residence), isBad: residence > longResidenceUs },
    figure('Provider, to its reply', spread, 'reply'),
    figure('Stalls', stalls, 'slow-reader'),
    figure('Turns', turns, 'turn'),
  ];
}

function opening(found: readonly TimelineItem[]): string {
  const [dial, open] = (['dial', 'open'] as const).map((kind) => found.find((entry) => entry.kind === kind)?.ms);
  if (dial === undefined || open === undefined) return formatMs(open ?? dial);
  return `${formatMs(open)}, of which the provider ${formatMs(dial)}`;
}

function spread(found: readonly TimelineItem[]): string {
  const sorted = found.map(({ ms = 0 }) => ms).sort((a, b) => a - b);
  const [median, most] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted.at(-1)].map((ms) => formatMs(ms));
  return median === most ? `${median}` : `${median}, at most ${most}`;
}

function stalls(found: readonly TimelineItem[]): string {
  const ends = (['client', 'provider'] as const).flatMap((end) => {
    const waits = found.filter((wait) => wait.end === end);
    return waits.length === 0 ? [] : [`${end} ${formatMs(waits.reduce((sum, { ms = 0 }) => sum + ms, 0))}`];
  });
  return ends.join(', ') || 'none';
}

function turns(found: readonly TimelineItem[]): string {
  const counted = [
    [found.filter(({ isInterrupted }) => isInterrupted).length, 'interrupted'],
    [found.filter(({ isUnanswered }) => isUnanswered).length, 'not answered'],
  ] as const;
  return [found.length, ...counted.flatMap(([count, what]) => (count === 0 ? [] : [`${count} ${what}`]))].join(', ');
}
