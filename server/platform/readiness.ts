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
};

/** The catalogue of an LLM gateway. `fetchedAt`: an ISO time. `fault`: why it could not be fetched the last time. */
export interface CatalogueReport {
  readonly gateway: string;
  readonly models: number;
  readonly fetchedAt?: string | undefined;
  readonly fault?: string | undefined;
}
