// The question to each process about a new session and a new call: the reasons for which they would be refused now.

export const PARTS = ['sessions', 'calls'] as const;
export type Part = (typeof PARTS)[number];

/** A short code for programs and a sentence for people; a refusal is one. */
export interface Reason {
  readonly code: string;
  readonly message: string;
}

/** A part that a process has nothing to do with is missing. */
export type Readiness = Partial<Readonly<Record<Part, readonly Reason[]>>>;
