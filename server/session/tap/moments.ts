// Keeps the moments of one session for its timeline: a hundred of each kind at most, spread over the whole session.

import type { AskedTool, Usage } from '../../../adapters/realtime/contract/observation.ts';
import type { Moment, Reply, SessionSide } from '../../ipc/session-record.ts';

/** Moments of one kind that are kept. */
const KEPT = 100;
/** Models write the names and ids of calls: a longer one is left out. */
const MAX_TOOL_CHARACTERS = 100;
/** Shorter waits for an end are usual. */
const SLOW_MS = 200;

type Kept<Kind extends Moment['kind']> = Extract<Moment, { readonly kind: Kind }>;
type Recorded = Exclude<Moment['kind'], 'try' | 'dial' | 'open'>;

export class Moments {
  readonly #kept = new Map<Recorded, Spread>();

  /** All that is kept, each kind in its order; times are those that were given. */
  get all(): readonly Moment[] {
    return [...this.#kept.values()].flatMap(({ moments }) => moments);
  }

  roundTrip(at: number, ms: number): void {
    this.#keep({ at, kind: 'round-trip', ms: tenths(ms) });
  }

  /** Takes a time during which bytes waited for an end. */
  waited(end: SessionSide, from: number, to: number): void {
    if (to - from >= SLOW_MS) this.#keep({ at: from, kind: 'slow-reader', end, ms: tenths(to - from) });
  }

  reply(at: number, reply: Reply): void {
    this.#keep({ at, kind: 'reply', ...reply });
  }

  usage(at: number, usage: Usage): void {
    this.#keep({ at, kind: 'usage', usage });
  }

  /** Takes the calls of tools that one frame asks for: of very many, the first. */
  tools(at: number, calls: readonly AskedTool[]): void {
    for (const { name, id } of calls.slice(0, KEPT)) {
      this.#keep({ at, kind: 'tool', name: short(name), call: short(id) });
    }
  }

  move(at: number, { ms, why }: Pick<Kept<'move'>, 'ms' | 'why'>): void {
    this.#keep({ at, kind: 'move', ms: tenths(ms), why });
  }

  returned(at: number, ms: number): void {
    this.#keep({ at, kind: 'return', ms: tenths(ms) });
  }

  refusal(at: number, code: string): void {
    this.#keep({ at, kind: 'refusal', code });
  }

  close(at: number, close: Omit<Kept<'close'>, 'at' | 'kind'>): void {
    this.#keep({ at, kind: 'close', ...close });
  }

  #keep(moment: Kept<Recorded>): void {
    const spread = this.#kept.get(moment.kind) ?? new Spread();
    this.#kept.set(moment.kind, spread);
    spread.add(moment);
  }
}

/** Keeps the longest of each so many neighbours, of more and more as the list grows: the worst is never lost. */
class Spread {
  moments: Moment[] = [];
  #neighbours = 1;
  /** The number of moments that the last one kept stands for. */
  #inLast = 1;

  add(moment: Moment): void {
    const last = this.moments.at(-1);
    if (last !== undefined && this.#inLast < this.#neighbours) {
      this.#inLast += 1;
      this.moments[this.moments.length - 1] = longer(last, moment);
      return;
    }
    if (this.moments.length === KEPT) this.#thin();
    this.moments.push(moment);
    this.#inLast = 1;
  }

  #thin(): void {
    const pairs = Array.from({ length: KEPT / 2 }, (_, pair) => this.moments.slice(2 * pair, 2 * pair + 2));
    this.moments = pairs.map(([first, second]) => longer(first as Moment, second as Moment));
    this.#neighbours *= 2;
  }
}

const longer = (first: Moment, second: Moment): Moment => (lengthOf(second) > lengthOf(first) ? second : first);

const lengthOf = (moment: Moment): number => ('ms' in moment ? moment.ms : 0);

const short = (text: string | undefined): string | undefined =>
  text && text.length <= MAX_TOOL_CHARACTERS ? text : undefined;

const tenths = (ms: number): number => Math.round(ms * 10) / 10;
