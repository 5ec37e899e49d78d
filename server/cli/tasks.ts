// `trunkline tasks list|show|retry`: side tasks over all keys, dead letters included.

import type { Command } from './command.ts';
import { textTable } from './text-table.ts';

interface Listed {
  readonly id: string;
  readonly kind: string;
  readonly state: string;
  readonly attempts: number;
  readonly error?: string;
  readonly updatedAt: string;
}

export const listTasks: Command = async ({ options, api }) => {
  const { state, key, limit, format } = options;
  const answer = (await (await api()).ask('GET', '/tasks', { state, key, limit })) as { tasks: readonly Listed[] };
  if (format === 'json') return `${JSON.stringify(answer, null, 2)}\n`;
  const rows = answer.tasks.map((task) => [
    task.id,
    task.kind,
    task.state,
    task.attempts,
    task.updatedAt,
    task.error ?? '',
  ]);
  return textTable(['id', 'kind', 'state', 'attempts', 'changed', 'error'], rows);
};

export const showTask: Command = async ({ id, api }) => {
  const task = await (await api()).ask('GET', `/tasks/${id}`);
  return `${JSON.stringify(task, null, 2)}\n`;
};

export const retryTask: Command = async ({ id, api }) => {
  const task = (await (await api()).ask('POST', `/tasks/${id}/retry`)) as Listed;
  return `${task.id} is ${task.state}\n`;
};
