// Tells what a soak has found: growth, lateness and leftovers, with the goals beside them.

import type { Estimate } from '../figures/statistics.ts';
import type { Held, ProcessSample } from './samples.ts';
import { slopePerHour } from './slope.ts';

interface Look {
  readonly held: Held;
  readonly processes: readonly ProcessSample[];
}

/** A look while it ran. `at`: ms since its begin. */
export interface SoakLook extends Look {
  readonly at: number;
  /** See `Callers`. */
  readonly counts: Readonly<Record<string, number>>;
}

export interface Soak {
  readonly before: Look;
  readonly looks: readonly SoakLook[];
  /** Once nothing has gone on for a while; undefined while it runs. */
  readonly after?: Look & { readonly providerSockets: number };
}

const MIB = 2 ** 20;
/** MiB an hour, milliseconds. */
const [MOST_SLOPE, MOST_LAG_MS] = [1, 50];

/** `isClean`: every goal is met. A soak that is too short for a slope has none to meet. */
export function reportSoak({ before, looks, after }: Soak): { readonly text: string; readonly isClean: boolean } {
  const last = looks.at(-1);
  const minutes = (last?.at ?? 0) / 60_000;
  const late = looks.filter(({ at }) => at >= (last?.at ?? 0) / 3);
  const growth = before.processes.map(({ role }) => ({
    role,
    slope: slopePerHour(rssOf(late, role)),
    ...rangeOf(late, role),
  }));
  const lagMs = Math.max(...looks.map(({ held }) => held.lagMs));
  const left = after === undefined ? [] : leftOf(before, after);
  const rows = growth.map(
    ({ role, slope, least, most }) => `| ${role} | ${least.toFixed(1)} to ${most.toFixed(1)} | ${slopeText(slope)} |`,
  );
  const text = [
    `${minutes.toFixed(0)} minutes: ${countsText(last?.counts ?? {})}`,
    '',
    '| process | MiB in the last two thirds | MiB an hour (95 %) |',
    '| --- | ---: | ---: |',
    ...rows,
    '',
    `event loops: at most ${lagMs.toFixed(0)} ms late (goal ${MOST_LAG_MS})`,
    ...(after === undefined ? [] : [`left behind: ${left.length === 0 ? 'nothing' : left.join(', ')}`]),
    '',
  ].join('\n');
  const grows = growth.some(({ slope }) => slope !== undefined && slope.value > MOST_SLOPE && slope.interval[0] > 0);
  return { text, isClean: !grows && lagMs <= MOST_LAG_MS && left.length === 0 };
}

const countsText = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([what, count]) => `${count} ${what}`)
    .join(', ');

const rssOf = (looks: readonly SoakLook[], role: string) =>
  looks.flatMap(({ at, processes }) =>
    processes.filter((one) => one.role === role).map(({ rssBytes }) => ({ at, value: rssBytes / MIB })),
  );

function rangeOf(looks: readonly SoakLook[], role: string): { readonly least: number; readonly most: number } {
  const values = rssOf(looks, role).map(({ value }) => value);
  return { least: Math.min(...values), most: Math.max(...values) };
}

function slopeText(slope: Estimate | undefined): string {
  if (slope === undefined) return 'too short to tell';
  const [low, high] = slope.interval;
  return `${slope.value.toFixed(1)} (${low.toFixed(1)} to ${high.toFixed(1)})`;
}

/** Names what there is more of than before. */
function leftOf(before: Look, { providerSockets, ...after }: NonNullable<Soak['after']>): string[] {
  const counts = (['sessions', 'upgrades', 'sockets', 'timers', 'reservedMicroUsd'] as const).flatMap((name) => {
    const more = after.held[name] - before.held[name];
    return more > 0 ? [`${more} ${name}`] : [];
  });
  const files = after.processes.flatMap(({ role, files: now }) => {
    const then = before.processes.find((one) => one.role === role)?.files ?? 0;
    return now > then ? [`${now - then} files of the ${role}`] : [];
  });
  return [...counts, ...files, ...(providerSockets > 0 ? [`${providerSockets} sockets of the provider`] : [])];
}
