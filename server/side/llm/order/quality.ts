// Puts targets to the end whose answers the app rates low, or a model scores low where the app says too little. Rule: nobody waits for the store: a call that finds old figures has them read in the background.

import type { Logger } from 'pino';
import type { ReportRow } from '../../../ipc/stored-rows.ts';
import { faultOf } from '../../../platform/log.ts';
import type { Store } from '../../store/contract/store.ts';
import type { Ordered } from './contract.ts';

/** Words of the app, or scores, within the window that a target needs before it is judged by them. */
const LEAST_RATINGS = 20;
const WINDOW_MS = 7 * 24 * 60 * 60_000;
const READ_EVERY_MS = 5 * 60_000;

interface QualitiesOptions {
  /** Without `report` no target has figures. */
  readonly store: Partial<Pick<Store, 'report'>>;
  readonly log: Logger;
  readonly now?: () => number;
}

interface Asked {
  readonly promptClass: string;
  /** 0 to 1. */
  readonly least: number;
}

interface Rating {
  /** 0 to 1. */
  readonly mean: number;
  readonly of: 'rated' | 'scored';
}

export class Qualities {
  readonly #options: QualitiesOptions;
  /** By class and target. */
  #ratings: ReadonlyMap<string, Rating> = new Map();
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(options: QualitiesOptions) {
    this.#options = options;
  }

  order<T extends { readonly label: string }>({ targets, why }: Ordered<T>, { promptClass, least }: Asked): Ordered<T> {
    this.#readIfOld();
    const ratingOf = ({ label }: T) => this.#ratings.get(nameOf(promptClass, label));
    const low = targets.filter((target) => (ratingOf(target)?.mean ?? 1) < least);
    const [first] = targets;
    if (low.length === 0 || low.length === targets.length || first === undefined) return { targets, why };
    const others = targets.filter((target) => !low.includes(target));
    const rating = low.includes(first) ? ratingOf(first) : undefined;
    return {
      targets: [...others, ...low],
      why: rating ? `${first.label} is ${rating.of} ${rating.mean.toFixed(2)}, below ${least}` : why,
    };
  }

  #readIfOld(): void {
    const { store, log, now = Date.now } = this.#options;
    const at = now();
    if (store.report === undefined || at - this.#readAt < READ_EVERY_MS) return;
    this.#readAt = at;
    store.report(['class', 'target'], { since: at - WINDOW_MS, until: at }).then(
      (rows) => {
        const rated = rows.flatMap((row) => {
          const [promptClass = '', label = ''] = row.by;
          const rating = ratingIn(row);
          return rating === undefined ? [] : [[nameOf(promptClass, label), rating] as const];
        });
        this.#ratings = new Map(rated);
      },
      (error: unknown) =>
        log.warn(faultOf(error), 'feedback and scores could not be read; targets keep the order they had by it'),
    );
  }
}

/** The app knows more of its answers than a model that scores them, so that its word counts where there is enough of it. */
function ratingIn({ feedback, feedbacks, score, scores }: ReportRow): Rating | undefined {
  if (feedback !== undefined && feedbacks >= LEAST_RATINGS) return { mean: feedback, of: 'rated' };
  return score !== undefined && scores >= LEAST_RATINGS ? { mean: score, of: 'scored' } : undefined;
}

const nameOf = (promptClass: string, label: string): string => `${promptClass} ${label}`;
