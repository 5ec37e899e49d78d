// Tells the log who was refused what: one line for each refusal, and a bounded number of lines in a flood.

import type { Logger } from 'pino';

/** The facts of one refusal; what is not known is left out. */
export interface RefusalFacts {
  readonly code: string;
  readonly status: number;
  readonly requestId: string;
  /** The client's. */
  readonly address: string;
  /** Id of the key. */
  readonly key?: string | undefined;
  readonly provider?: string | undefined;
  /** The pattern of the path. */
  readonly route?: string | undefined;
  /** The model that was asked for. */
  readonly model?: string | undefined;
  readonly class?: string | undefined;
  /** Id of the session. */
  readonly id?: string | undefined;
  /** The fault beneath. */
  readonly cause?: string | undefined;
  /** The provider's own id of its refusal. */
  readonly upstreamRequestId?: string | undefined;
}

/** Lines in a second: of all refusals, and of those of one address. */
const MAX_LINES = 50;
const MAX_LINES_OF_ADDRESS = 10;
const WINDOW_MS = 1000;

export type RefusalLog = ReturnType<typeof createRefusalLog>;

export function createRefusalLog(log: Pick<Logger, 'info' | 'warn'>, now: () => number = Date.now) {
  const ofAddress = new Map<string, number>();
  let beganAt = Number.NEGATIVE_INFINITY;
  let lines = 0;
  let untold = 0;

  function beginWindow(): void {
    if (untold > 0) log.warn({ refusals: untold }, 'more was refused than is told one by one');
    beganAt = now();
    lines = 0;
    untold = 0;
    ofAddress.clear();
  }

  return (facts: RefusalFacts, message: string): void => {
    if (now() - beganAt >= WINDOW_MS) beginWindow();
    const own = ofAddress.get(facts.address) ?? 0;
    if (lines >= MAX_LINES || own >= MAX_LINES_OF_ADDRESS) return void untold++;
    lines++;
    ofAddress.set(facts.address, own + 1);
    log.info(facts, message);
  };
}
