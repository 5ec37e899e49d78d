// What a handler of a route is given, and how it answers. A problem is a value.

import type { Logger } from 'pino';
import type { PathParameters } from '../../../codecs/path-pattern.ts';
import type { Config } from '../../config/config.ts';
import type { HttpProblem } from '../../http/problem.ts';
import type { Task } from '../../ipc/records.ts';
import type { EmitPart, SideRequest } from '../../ipc/side-request.ts';
import type { Router } from '../llm/call.ts';
import type { Store } from '../store/contract.ts';

/** What the routes need of the task runner. */
export interface TaskRunner {
  /** Looks at the queue now. */
  wake(): void;
  /** Runs one queued task here and now; resolves with what became of it, undefined when somebody else has it. */
  run(id: string, signal: AbortSignal): Promise<Task | undefined>;
}

export interface SideHttpOptions {
  readonly config: Omit<Config, 'processes' | 'providers' | 'listen'>;
  readonly store: Store;
  /** undefined: no calls are made from here (the command line over a store at rest). */
  readonly router?: Router | undefined;
  /** undefined: tasks are run elsewhere. */
  readonly runner?: TaskRunner | undefined;
  readonly log: Logger;
  /** Of the comments that keep an event stream open. */
  readonly heartbeatMs?: number | undefined;
}

/** A request that has found its route. */
export interface RoutedRequest extends SideRequest {
  readonly body: Buffer | undefined;
  /** The segments of the path that stand for `{name}`. */
  readonly parameters: PathParameters;
  readonly signal: AbortSignal;
  readonly emit: EmitPart;
}

/** Emits its answer, or returns what is wrong. */
export type RouteHandler = (
  request: RoutedRequest,
  options: SideHttpOptions,
) => Promise<HttpProblem | undefined> | HttpProblem | undefined;

type Emits = Pick<RoutedRequest, 'emit'>;

/** Emits a whole answer of JSON. */
export function sendJson(request: Emits, status: number, body: unknown, headers?: Record<string, string>): undefined {
  return sendJsonBytes(request, status, Buffer.from(JSON.stringify(body)), headers);
}

/** The same where the bytes of the JSON are there. */
export function sendJsonBytes(
  { emit }: Emits,
  status: number,
  body: Buffer,
  headers?: Record<string, string>,
): undefined {
  emit({ status, headers: { ...JSON_HEADERS, ...headers }, body });
}

const JSON_HEADERS = { 'content-type': 'application/json', 'cache-control': 'no-store' };

/** Whether what belongs to this key exists for the requester. */
export function canRead({ requester }: Pick<SideRequest, 'requester'>, key: string | undefined): boolean {
  return requester.scope === 'admin' || requester.key === key;
}

/** For what was not found: among which it was looked for. */
export function ownerLabel({ requester }: Pick<SideRequest, 'requester'>): string {
  return requester.scope === 'key' ? ' of this key' : '';
}

/** The store's filter by key: the requester's own rows, or, for the administrator, those of the key in the query, if any. */
export function keyFilter({ requester, query }: Pick<SideRequest, 'requester' | 'query'>): string | null | undefined {
  return requester.scope === 'admin' ? query.key : (requester.key ?? null);
}

export const invalidRequest = (message: string, param?: string): HttpProblem => ({
  status: 400,
  code: 'invalid_request',
  message,
  param,
});
