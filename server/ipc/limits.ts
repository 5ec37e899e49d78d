// Limits that several sessions and calls share: places of open sessions, and rates. What is taken of them, and why nothing is.

import type { Usage } from '../../adapters/realtime/contract/observation.ts';

/** The rates by what they count, as they are called in the configuration. */
export const RATE_SETTINGS = {
  sessions: 'sessionsPerMinute',
  calls: 'callsPerMinute',
  tokens: 'tokensPerMinute',
} as const;
export type RateName = keyof typeof RATE_SETTINGS;

/** Those who share a limit: all who use a key, say. `id`: `key|<id>`, unlike that of any other. */
export interface LimitScope {
  readonly id: string;
  readonly of: 'key' | 'team' | 'end user';
  /** Sessions that may be open at once. Undefined: they are counted, in case that there is a limit later. */
  readonly maxSessions?: number | undefined;
  readonly rates?: Readonly<Partial<Record<(typeof RATE_SETTINGS)[RateName], number | undefined>>> | undefined;
}

type Limits = Pick<LimitScope, 'maxSessions' | 'rates'>;
type SharedBy = Limits & { readonly endUsers?: Limits | undefined };
type LimitedKey = SharedBy & {
  readonly id: string;
  readonly team?: string | undefined;
  readonly teamLimits?: SharedBy | undefined;
};

/** The scopes of a session or a call: its key, its team where that is configured, and its end user where one of them says something of those. */
export function limitScopesOf({
  key,
  endUser,
}: Readonly<{ key: LimitedKey | undefined; endUser: string | undefined }>) {
  const scopes: LimitScope[] = [];
  const add = (id: string, of: 'key' | 'team', { maxSessions, rates, endUsers }: SharedBy) => {
    scopes.push({ id, of, maxSessions, rates });
    // Names hold any text but control characters.
    if (endUsers !== undefined && endUser !== undefined)
      scopes.push({ ...endUsers, id: `${id}\tuser|${endUser}`, of: 'end user' });
  };
  if (key !== undefined) add(`key|${key.id}`, 'key', key);
  if (key?.team !== undefined && key.teamLimits !== undefined) add(`team|${key.team}`, 'team', key.teamLimits);
  return scopes;
}

/** Ids of the scopes that count tokens; undefined where none does. */
export function tokenScopes(scopes: readonly LimitScope[]): readonly string[] | undefined {
  const counting = scopes.filter(({ rates }) => rates?.tokensPerMinute !== undefined);
  return counting.length === 0 ? undefined : counting.map(({ id }) => id);
}

/** Tokens that a report of usage counts; undefined where it counts none. */
export function tokensOf(
  usage: Pick<Usage, 'totalTokens' | 'inputTokens' | 'outputTokens'> | undefined,
): number | undefined {
  const { totalTokens, inputTokens, outputTokens } = usage ?? {};
  if (inputTokens === undefined && outputTokens === undefined) return totalTokens;
  return totalTokens ?? (inputTokens ?? 0) + (outputTokens ?? 0);
}

/** A rate as it is after the answer, in the scope that has least left. */
export interface RateState {
  readonly limit: number;
  readonly left: number;
  /** Time until all of it is there again, when nobody uses any. */
  readonly resetMs: number;
}
export type RateStates = Readonly<Partial<Record<RateName, RateState>>>;

/**
 * `full`: all places of this scope are taken. `beyond`: this rate of it has too little left, and has enough after `waitMs`; undefined: it never
 * has. Nothing is taken then.
 */
export type LimitRefusal =
  | { readonly kind: 'full'; readonly scope: LimitScope }
  | {
      readonly kind: 'beyond';
      readonly scope: LimitScope;
      readonly rate: RateName;
      readonly waitMs: number | undefined;
      readonly rates: RateStates;
    };

/** Tells whether a session may have to be refused for one of these. */
export const isLimited = (scopes: readonly LimitScope[]): boolean =>
  scopes.some((scope) => scope.maxSessions !== undefined || hasSessionRate(scope));

/** Tokens are those that earlier sessions have used. */
export const hasSessionRate = ({ rates }: LimitScope): boolean =>
  rates?.sessionsPerMinute !== undefined || rates?.tokensPerMinute !== undefined;

/** Question to the process that owns the store. `session`: takes a place; undefined where this machine alone counts them. */
export interface SessionWish {
  readonly session: string | undefined;
  readonly scopes: readonly LimitScope[];
  readonly isTrial: boolean;
}

/** The places that a machine has, `asOf` a time. */
export interface HeldPlaces {
  readonly places: readonly { readonly session: string; readonly scopes: readonly string[] }[];
  readonly asOf: number;
}

/** Returns the least of those that are given; undefined where none is. */
export function tightest(...limits: readonly (number | undefined)[]): number | undefined {
  const given = limits.filter((limit) => limit !== undefined);
  return given.length > 0 ? Math.min(...given) : undefined;
}
