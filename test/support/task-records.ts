// Settings and records of the side path for tests, each complete, with what a test changes.

import { z } from 'zod';
import { type SideConfig, sideShape } from '../../server/config/side-schema.ts';
import type { StoredSession, StoredTurn, Task } from '../../server/ipc/stored-rows.ts';

const schema = z.strictObject(sideShape);

/** Configures a class `plain` on a gateway, unless the settings say otherwise. */
export function sideConfig(
  settings: z.input<typeof schema> & { readonly hasRehearsalGateway?: boolean } = {},
): SideConfig {
  const { hasRehearsalGateway = false, ...rest } = settings;
  const { tasks = [], ...parsed } = schema.parse({
    gateways: {
      scripted: { profile: 'openai-compatible', baseUrl: 'http://127.0.0.1:9', apiKey: 'k', allowPrivate: true },
    },
    classes: { plain: { targets: [{ gateway: 'scripted', model: 'scripted-1' }] } },
    ...rest,
  });
  return { ...parsed, tasks, hasRehearsalGateway };
}

export function storedSession(change: Partial<StoredSession> = {}): StoredSession {
  return {
    id: 'session-1',
    key: 'demo',
    team: 'red',
    provider: 'openai',
    route: '/v1/realtime',
    dialect: 'openai-realtime',
    model: 'gpt-realtime',
    promptClass: 'plain',
    dataClass: 'open',
    isRehearsal: false,
    owner: 'here',
    startedAt: 1_000_000,
    ...change,
  };
}

export function turn(
  session: string,
  number: number,
  user: string | undefined,
  assistant: string | undefined,
): StoredTurn {
  return { session, number, startedAt: number, endedAt: number, user, assistant, isInterrupted: false };
}

export function queuedTask(change: Partial<Task> = {}): Task {
  return {
    id: 'task-1',
    session: undefined,
    key: 'demo',
    team: 'red',
    kind: 'title',
    promptClass: 'plain',
    dataClass: 'open',
    state: 'queued',
    runAt: 0,
    dueAt: Date.now(),
    attempts: 0,
    version: 0,
    leaseUntil: undefined,
    input: JSON.stringify({ text: 'I would like to change my booking.' }),
    result: undefined,
    error: undefined,
    quality: undefined,
    isRehearsal: false,
    createdAt: 1_000_000,
    updatedAt: 1_000_000,
    ...change,
  };
}

/** Text of a task that kills the process of a test's worker. */
export const POISON = 'poison';
