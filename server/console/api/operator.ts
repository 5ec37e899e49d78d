// Answers that only the operator gets: `GET /gateways`, `/refusals`, `/budgets`, `/readyz`, `/ledger`. A field that is missing is unknown.

import type { LedgerSumRow } from './ledger.ts';

type Counts = Readonly<Record<string, number>>;

export interface Upstreams {
  readonly providers: readonly {
    readonly name: string;
    readonly state: 'configured' | 'rehearsal';
    /** By what became of them. */
    readonly dials: Counts;
    readonly dialMs?: number;
    readonly speechToAudioMs?: number;
    readonly requestToAudioMs?: number;
  }[];
  readonly gateways: readonly {
    readonly name: string;
    /** By what became of them. */
    readonly attempts: Counts;
    readonly costMicroUsd: number;
    readonly dialMs?: number;
    readonly targets: readonly {
      readonly model: string;
      readonly firstTokenMs?: number;
      /** Side processes that send it nothing, by reason. */
      readonly blocked: Counts;
    }[];
  }[];
  /** Answers under way, and who reads one. */
  readonly runs?: { readonly live: number; readonly readers: number };
}

export interface RefusalList {
  readonly refusals: readonly { readonly code: string; readonly status: number | string; readonly count: number }[];
  readonly calls: readonly {
    readonly code: string;
    readonly key: string;
    readonly class: string;
    readonly count: number;
  }[];
  readonly closes: readonly { readonly reason: string; readonly code: number | string; readonly count: number }[];
}

export interface BudgetList {
  readonly budgets: readonly Budget[];
}

export interface TeamList {
  readonly teams: readonly Team[];
}

/** A bound that is left out is none. */
export interface Team {
  readonly name: string;
  readonly models?: readonly string[];
  readonly maxSessions?: number;
  /** Such as `sessionsPerMinute`. */
  readonly rates?: Readonly<Record<string, number>>;
  readonly maxSessionSeconds?: number;
  readonly maxUsdPerSession?: number;
}

/** Fields that are left out count everybody and everything. `each`: it is the window of one of these. */
export interface Budget {
  readonly key?: string;
  readonly team?: string;
  readonly endUser?: string;
  readonly each?: string;
  readonly class?: string;
  readonly path?: string;
  readonly window: string;
  readonly limitMicroUsd: number;
  readonly spentMicroUsd: number;
  readonly reservedMicroUsd: number;
  readonly leftMicroUsd: number;
  readonly resetsAt?: string;
}

export interface ReadyState {
  readonly status: string;
  readonly sessions?: ReadyPart;
  readonly calls?: ReadyPart;
  /** Where `verbose` was asked for. */
  readonly catalogues?: readonly Catalogue[];
}

/** The models of an LLM gateway as it was asked last. `fault`: why it could not be, then. */
export interface Catalogue {
  readonly gateway: string;
  readonly models: number;
  readonly fetchedAt?: string;
  readonly fault?: string;
}

export interface LedgerReport {
  readonly rows: readonly LedgerSumRow[];
}

/** Whether two differ. A measure without an interval has too few rows. */
export interface Comparison {
  readonly a: string;
  readonly b: string;
  readonly measures: readonly {
    readonly measure: string;
    readonly a: Measured;
    readonly b: Measured;
    readonly difference?: number;
    readonly low?: number;
    readonly high?: number;
    readonly verdict: string;
  }[];
}

interface Measured {
  readonly rows: number;
  readonly mean?: number;
}

interface ReadyPart {
  readonly status: string;
  readonly reasons?: readonly { readonly code: string; readonly message: string }[];
}

export interface KeyList {
  readonly keys: readonly ShownKey[];
  /** The id after which more come; null on the last page. */
  readonly next: string | null;
}

/** A key without its secret; `file`: one of the configuration, which is changed there. */
export interface ShownKey {
  readonly id: string;
  readonly source: 'file' | 'stored';
  readonly state: 'active' | 'expired' | 'revoked' | 'hidden';
  readonly team?: string;
  readonly models?: readonly string[];
  readonly maxSessions?: number;
  readonly endUser?: string;
  readonly expiresAt?: string;
  readonly changedAt?: string;
  /** Until then the secret before works, too. */
  readonly oldSecretUntil?: string;
}

/** The answer to what makes a secret: it is told this once. */
export interface NewSecret extends ShownKey {
  readonly secret: string;
}

export interface AuditLog {
  readonly entries: readonly {
    readonly id: string;
    readonly at: string;
    readonly actor: string;
    readonly source?: string;
    readonly action: string;
    readonly subject: string;
    readonly details?: Readonly<Record<string, string>>;
  }[];
}
