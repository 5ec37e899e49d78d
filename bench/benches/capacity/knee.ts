// The knee: from how many sessions on the hop adds more than 5 ms at p99; or how far the load could be trusted to say so.

import type { Rounds } from '../../figures/rounds.ts';
import { median } from '../../figures/statistics.ts';
import type { LoadRun } from '../../load/run.ts';

export const KNEE_MS = 5;
/** Latency of a frame that did not arrive, or of a session that did not open: later than anything that is measured. */
export const NOT_ARRIVED_MS = 600_000;

/** Runs at one number of sessions. */
export type Level = Rounds<LoadRun>;

/** `lost`: the load itself was too late to tell. */
export type KneeVerdict = 'holds' | 'passes' | 'lost';

/**
 * Added p99 of each round, milliseconds: at least and at most. They differ where the sender was late in the run through the
 * contender, which may or may not have been the contender's doing.
 */
export function addedBounds(level: Level, name: string): { readonly least: number; readonly most: number }[] {
  return (level.get('direct') ?? []).flatMap((direct, round) => {
    if (direct === undefined || direct.invalid !== undefined) return [];
    const run = level.get(name)?.[round];
    if (!run?.isComplete) return [{ least: NOT_ARRIVED_MS, most: NOT_ARRIVED_MS }];
    const most = run.latencyMs.p99 - direct.latencyMs.p99;
    return [{ least: run.invalid === undefined ? most : most - run.latenessMs.p99, most }];
  });
}

export function verdictOf(level: Level, name: string): KneeVerdict {
  const direct = level.get('direct') ?? [];
  const bounds = addedBounds(level, name);
  const base = direct.flatMap((run) => (run?.invalid === undefined ? (run?.latencyMs.p99 ?? []) : []));
  if (bounds.length <= direct.length / 2 || median(base) > KNEE_MS) return 'lost';
  if (median(bounds.map(({ least }) => least)) > KNEE_MS) return 'passes';
  return median(bounds.map(({ most }) => most)) <= KNEE_MS ? 'holds' : 'lost';
}

export interface Knee {
  /** The most sessions that held; 0: none did. */
  readonly atLeast: number;
  /** The fewest that did not. */
  readonly below?: number;
  /** Level at which the load gave out before the contender did. */
  readonly lostAt?: number;
}

interface Search {
  readonly names: readonly string[];
  /** Rising. */
  readonly levels: readonly number[];
  /** Divisions of the span in which the knee must be. */
  readonly divisions: number;
  /** Measures the contenders of that name at that number of sessions. */
  readonly measure: (sessions: number, names: readonly string[]) => Promise<ReadonlyMap<string, KneeVerdict>>;
}

/** Goes up the levels with the contenders that still hold, then into the span of each one's knee. */
export async function searchKnees(search: Search): Promise<ReadonlyMap<string, Knee>> {
  const knees = new Map<string, Knee>(search.names.map((name) => [name, { atLeast: 0 }]));
  const isOpen = (name: string): boolean => {
    const { below, lostAt } = knees.get(name) as Knee;
    return below === undefined && lostAt === undefined;
  };
  for (const level of search.levels) await step(search, knees, level, search.names.filter(isOpen));
  for (const name of search.names) {
    for (let left = search.divisions; left > 0; left -= 1) {
      const { atLeast, below, lostAt } = knees.get(name) as Knee;
      if (below === undefined || atLeast === 0 || lostAt !== undefined) break;
      await step(search, knees, rounded(Math.sqrt(atLeast * below)), [name]);
    }
  }
  return knees;
}

/** Rounds to two digits, as nobody wants to read more. */
const rounded = (sessions: number): number => Number(sessions.toPrecision(2));

async function step({ measure }: Search, knees: Map<string, Knee>, level: number, names: readonly string[]) {
  if (names.length === 0) return;
  const verdicts = await measure(level, names);
  for (const name of names) {
    const knee = knees.get(name) as Knee;
    const verdict = verdicts.get(name) ?? 'lost';
    if (verdict === 'holds') knees.set(name, { ...knee, atLeast: level });
    else knees.set(name, verdict === 'passes' ? { ...knee, below: level } : { ...knee, lostAt: level });
  }
}

export function kneeText({ atLeast, below, lostAt }: Knee): string {
  const from = atLeast > 0 ? `at least ${atLeast}` : 'not found';
  if (below === undefined) return lostAt === undefined ? from : `${from}: at ${lostAt} the generator gave out`;
  const span = atLeast > 0 ? `${atLeast} to ${below}` : `below ${below}`;
  return lostAt === undefined ? span : `${span} (at ${lostAt} the generator gave out)`;
}
