// Puts targets that the app rates low to the end. Rule: nobody waits for the store: a call that finds old figures has them read in the background.

import type { Logger } from 'pino';
import { faultOf } from '../../../platform/log.ts';
import type { Store } from '../../store/contract/store.ts';
import type { Ordered } from './contract.ts';

/** Feedback within the window that a target needs before it is judged by it. */
const LEAST_FEEDBACKS = 20;
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

export class Qualities {
  readonly #options: QualitiesOptions;
  /** Means by class and target. */
  #means: ReadonlyMap<string, number> = new Map();
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(options: QualitiesOptions) {
    this.#options = options;
  }

  order<T extends { readonly label: string }>({ targets, why }: Ordered<T>, { promptClass, least }: Asked): Ordered<T> {
    this.#readIfOld();
    const meanOf = ({ label }: T): number => this.#means.get(nameOf(promptClass, label)) ?? 1;
    const low = targets.filter((target) => meanOf(target) < least);
    const [first] = targets;
    if (low.length === 0 || low.length === targets.length || first === undefined) return { targets, why };
    const others = targets.filter((target) => !low.includes(target));
    const isMoved = low.includes(first);
    return {
      targets: [...others, ...low],
      why: isMoved ? `${first.label} is rated ${meanOf(first).toFixed(2)}, below ${least}` : why,
    };
  }

  #readIfOld(): void {
    const { store, log, now = Date.now } = this.#options;
    const at = now();
    if (store.report === undefined || at - this.#readAt < READ_EVERY_MS) return;
    this.#readAt = at;
    store.report(['class', 'target'], { since: at - WINDOW_MS, until: at }).then(
      (rows) => {
        const judged = rows.filter(({ feedbacks }) => feedbacks >= LEAST_FEEDBACKS);
        this.#means = new Map(
          judged.map(({ by: [promptClass = '', target = ''], feedback = 1 }) => [
            nameOf(promptClass, target),
            feedback,
          ]),
        );
      },
      (error: unknown) => log.warn(faultOf(error), 'feedback could not be read; targets keep the order they had by it'),
    );
  }
}

const nameOf = (promptClass: string, label: string): string => `${promptClass} ${label}`;
