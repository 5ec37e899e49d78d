// The question to each process about a new session and a new call: the reasons for which they would be refused now.

export const PARTS = ['sessions', 'calls'] as const;
export type Part = (typeof PARTS)[number];

/** A short code for programs and a sentence for people; a refusal is one. */
export interface Reason {
  readonly code: string;
  readonly message: string;
}

/** A part that a process has nothing to do with is missing. */
export type Readiness = Partial<Readonly<Record<Part, readonly Reason[]>>> & {
  /** Shown to operators; it refuses nothing. */
  readonly catalogues?: readonly CatalogueReport[];
  readonly accounts?: readonly AccountReport[];
};

/**
 * An account at a realtime provider, as one process knows it. `down`: its breaker is open. `unknown`: nobody has dialled it yet. `reason`: the last that was
 * seen of it, in words, without addresses.
 */
export interface AccountReport {
  readonly name: string;
  readonly state: 'up' | 'down' | 'unknown';
  readonly reason: string;
}

/** The catalogue of an LLM gateway. `fetchedAt`: an ISO time. `fault`: why it could not be fetched the last time. */
export interface CatalogueReport {
  readonly gateway: string;
  readonly models: number;
  readonly fetchedAt?: string | undefined;
  readonly fault?: string | undefined;
}
