// The contract of route handlers: what they are given and how they answer. A problem is a returned value.

import type { Logger } from 'pino';
import type { PathParameters } from '../../../codecs/text/path-pattern.ts';
import type { Config } from '../../config/config.ts';
import type { Descriptors } from '../../http/connection/descriptors.ts';
import type { HttpProblem } from '../../http/problem.ts';
import type { RefusalRows } from '../../http/request/refusal/refusal-rows.ts';
import type { SessionOrder } from '../../ipc/session-record.ts';
import type { EmitPart, SideRequest } from '../../ipc/side-request.ts';
import type { BudgetUse, StoredSession, Task } from '../../ipc/stored-rows.ts';
import type { OwnBudgets } from '../billing/budgets/own-budgets.ts';
import type { Prices } from '../billing/prices.ts';
import type { Router } from '../llm/call.ts';
import type { Catalogues } from '../llm/catalogue/known.ts';
import type { CallRates } from '../runs/call/call-rates.ts';
import type { RunHost } from '../runs/host.ts';
import type { Store } from '../store/contract/store.ts';

/** The part of the task runner that handlers need. */
export interface TaskRunner {
  /** Makes the runner look at the queue now. */
  wake(): void;
  /** Runs one queued task at once and resolves with its state afterwards; undefined when another runner has it. */
  run(id: string, signal: AbortSignal): Promise<Task | undefined>;
}

export type EndSession = (order: SessionOrder) => Promise<boolean>;

export interface SideHttpOptions {
  readonly config: Omit<Config, 'processes' | 'listen'>;
  readonly store: Store;
  /** Undefined on the command line, which makes no calls. */
  readonly router?: Router | undefined;
  /** undefined: no model of a pattern is known. */
  readonly catalogues?: Catalogues | undefined;
  /** Both are made by the routes where they are undefined. */
  readonly rates?: Pick<CallRates, 'take'> | undefined;
  readonly runs?: RunHost | undefined;
  readonly refusals?: Pick<RefusalRows, 'add'> | undefined;
  /** Undefined where tasks are run by another process. */
  readonly runner?: TaskRunner | undefined;
  readonly log: Logger;
  /** Orders the end of a session; resolves with false where no gateway process here holds it. Undefined on the command line. */
  readonly endSession?: EndSession | undefined;
  /** Undefined where no session lives. */
  readonly prices?: Prices | undefined;
  /** Gives the use of each budget as it was read last. Undefined where another process owns the store. */
  readonly budgetUses?: (() => readonly BudgetUse[]) | undefined;
  /** Undefined on the command line, which follows no sessions. */
  readonly ownBudgets?: Pick<OwnBudgets, 'of'> | undefined;
  /** Undefined where no connection is opened for a request. */
  readonly descriptors?: Descriptors | undefined;
  /** Interval of the comments that keep an event stream open. */
  readonly heartbeatMs?: number | undefined;
}

/** The options, and what handlers share. */
interface RouteOptions extends SideHttpOptions {
  readonly rates: Pick<CallRates, 'take'>;
  readonly runs: RunHost;
}

/** A request that has found its route. */
export interface RoutedRequest extends SideRequest {
  readonly body: Buffer | undefined;
  /** The segments of the path that stand for `{name}`. */
  readonly parameters: PathParameters;
  readonly signal: AbortSignal;
  readonly emit: EmitPart;
  /** Facts that the handler finds out; log and metrics tell them of a request that is refused. */
  readonly asked: { promptClass?: string; model?: string };
}

/** Emits its answer, or returns what is wrong. */
export type RouteHandler = (
  request: RoutedRequest,
  options: RouteOptions,
) => Promise<HttpProblem | undefined> | HttpProblem | undefined;

type Emits = Pick<RoutedRequest, 'emit'>;

/** Emits a whole answer in JSON. */
export function sendJson(request: Emits, status: number, body: unknown, headers?: Record<string, string>): undefined {
  return sendJsonBytes(request, status, Buffer.from(JSON.stringify(body)), headers);
}

/** Emits a whole answer that is JSON already. */
export function sendJsonBytes(
  { emit }: Emits,
  status: number,
  body: Buffer,
  headers?: Record<string, string>,
): undefined {
  emit({ status, headers: { ...JSON_HEADERS, ...headers }, body });
}

const JSON_HEADERS = { 'content-type': 'application/json', 'cache-control': 'no-store' };
export const EVENT_STREAM_HEADERS = { 'content-type': 'text/event-stream', 'cache-control': 'no-store' };

/** Tells whether a session exists for the requester. */
export function canReadSession(
  { requester }: Pick<SideRequest, 'requester'>,
  { key, clientSecret, endUser }: Partial<Pick<StoredSession, 'key' | 'clientSecret' | 'endUser'>>,
): boolean {
  const isOfSecret = requester.secret === undefined || requester.secret === clientSecret;
  const isOfUser = requester.endUser !== undefined && requester.endUser === endUser;
  return canRead({ requester }, key) && (isOfSecret || isOfUser);
}

/** Tells whether rows of this key exist for the requester. */
export function canRead({ requester }: Pick<SideRequest, 'requester'>, key: string | undefined): boolean {
  return requester.scope === 'admin' || requester.key === key;
}

/** Completes `no task` and `no session` in a 404, for example to `no task of this key`. */
export function ownerLabel({ requester }: Pick<SideRequest, 'requester'>): string {
  if (requester.scope === 'admin') return '';
  return requester.secret === undefined ? ' of this key' : ' of this client secret';
}

/** The store's filter by key: the requester's own rows; for the administrator all, or those of the key in the query. */
export function keyFilter({ requester, query }: Pick<SideRequest, 'requester' | 'query'>): string | null | undefined {
  return requester.scope === 'admin' ? query.key : (requester.key ?? null);
}
