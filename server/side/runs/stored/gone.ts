// Ends the runs of processes that are gone. Their logs get a last event, so that no reader waits for what never comes. Rule: a process that
// could not renew its lease, since the store was away, has time to say that it lives.

import type { JsonObject } from '../../../../codecs/json/object.ts';
import type { LogPart, LostResponse, ResponseStore } from '../../store/contract/responses.ts';
import { brokenResponse, lastEventType, objectIn, type ResponseFault, responseEventData } from '../response-object.ts';

export const RUN_LOST: ResponseFault = {
  code: 'run_lost',
  message: 'the process that ran this response is gone: ask again',
};

/** Time between the first look that finds a lease over and the end of its runs: processes that live renew theirs within it. */
const GRACE_MS = 3000;

interface GoneRunsOptions {
  readonly store: Pick<ResponseStore, 'lostResponses' | 'endLost'>;
  /** Tells whether this process has that run: it is not gone. */
  readonly isHere?: (id: string) => boolean;
  readonly graceMs?: number;
}

interface OverLease {
  /** The time until which it was held: another one is that of a lease which was renewed meanwhile. */
  readonly endedAt: number;
  /** Time of the first look, by performance.now(). */
  readonly since: number;
}

export class GoneRuns {
  readonly #store: GoneRunsOptions['store'];
  readonly #isHere: (id: string) => boolean;
  readonly #graceMs: number;
  /** Leases that a look found over, by the process that held them. */
  readonly #over = new Map<string, OverLease>();

  constructor({ store, isHere = () => false, graceMs = GRACE_MS }: GoneRunsOptions) {
    this.#store = store;
    this.#isHere = isHere;
    this.#graceMs = graceMs;
  }

  /** With the id, ends that run alone. Resolves with how many were ended. */
  async end(id?: string): Promise<number> {
    for (let ended = 0; ; ) {
      const before = ended;
      const now = Date.now();
      const lost = (await this.#store.lostResponses(now, id)).filter((one) => !this.#isHere(one.id));
      if (id === undefined) this.#forgetOthers(lost);
      for (const one of lost) if (this.#isGone(one) && (await this.#endOne(one, now))) ended += 1;
      // There may be more of them than are found at once.
      if (id !== undefined || ended === before) return ended;
    }
  }

  /** A process that has given its lease back, or never had one, is gone at once. */
  #isGone({ holder, leaseEndedAt }: LostResponse): boolean {
    if (leaseEndedAt === undefined) return true;
    const known = this.#over.get(holder);
    const over = known?.endedAt === leaseEndedAt ? known : { endedAt: leaseEndedAt, since: performance.now() };
    this.#over.set(holder, over);
    return performance.now() - over.since >= this.#graceMs;
  }

  #forgetOthers(lost: readonly LostResponse[]): void {
    const holders = new Set(lost.map(({ holder }) => holder));
    for (const holder of this.#over.keys()) if (!holders.has(holder)) this.#over.delete(holder);
  }

  #endOne(lost: LostResponse, now: number): Promise<boolean> {
    const response = brokenResponse(objectIn(lost.result), RUN_LOST);
    const change = { id: lost.id, state: 'failed', endedAt: now, result: JSON.stringify(response) } as const;
    return this.#store.endLost(change, lastPart(lost, response));
  }
}

function lastPart(
  { id, isStreamed, isCut, lastSequence = -1, result }: LostResponse,
  response: JsonObject,
): LogPart | undefined {
  if (!isStreamed || isCut) return undefined;
  const firstSequence = lastSequence + 1;
  const created = firstSequence === 0 ? [responseEventData('response.created', 0, objectIn(result))] : [];
  const sequence = firstSequence + created.length;
  const events = [...created, responseEventData(lastEventType(response), sequence, response)];
  return { response: id, firstSequence, lastSequence: sequence, events: events.join('\n') };
}
