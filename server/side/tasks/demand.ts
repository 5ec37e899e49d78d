// PLACEHOLDER until the tasks' own module is merged: makes a task of what a client asks for.

import { randomUUID } from 'node:crypto';
import type { Task } from '../records.ts';
import type { Requester } from '../side-request.ts';

export function newDemandTask(
  body: unknown,
  requester: Requester,
  _config: object,
): { task: Task; isSync: boolean } | { problem: string; field?: string } {
  const { kind, session, sync } = body as { kind?: unknown; session?: string; sync?: boolean };
  if (typeof kind !== 'string') return { problem: 'expected a kind', field: 'kind' };
  const now = Date.now();
  const task: Task = {
    id: randomUUID(),
    session,
    key: requester.scope === 'key' ? requester.key : undefined,
    team: requester.scope === 'key' ? requester.team : undefined,
    kind,
    promptClass: 'commodity',
    dataClass: 'open',
    state: 'queued',
    runAt: now,
    attempts: 0,
    version: 0,
    leaseUntil: undefined,
    input: undefined,
    result: undefined,
    error: undefined,
    quality: undefined,
    isRehearsal: false,
    createdAt: now,
    updatedAt: now,
  };
  return { task, isSync: sync === true };
}
