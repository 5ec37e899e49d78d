// Makes the messages for webhooks as rows that are written together with what they report.

import { createHash } from 'node:crypto';
import type { SideConfig, WebhookConfig } from '../../config/side-schema.ts';
import type { Delivery, SessionEnd, StoredSession, Task } from '../../ipc/stored-rows.ts';
import { scoredTaskId } from '../prompts/scoring.ts';

type Event = WebhookConfig['events'][number];

/** Reports `task.done`, or `task.failed` for one that failed or died. The `version` in the id tells the runs of a task apart. */
export function taskDeliveries(task: Task, { webhooks }: Pick<SideConfig, 'webhooks'>, now: number): Delivery[] {
  const event: Event = task.state === 'done' ? 'task.done' : 'task.failed';
  return deliveries(
    webhooks,
    { event, about: `${task.id}.${task.version}`, at: now },
    {
      id: task.id,
      session: task.session,
      kind: task.kind,
      scores: scoredTaskId(task),
      class: task.promptClass,
      state: task.state,
      result: task.result === undefined ? undefined : (JSON.parse(task.result) as unknown),
      error: task.error,
      quality: task.quality,
      isRehearsal: task.isRehearsal,
    },
  );
}

/** Reports `session.ended`. The same session gives the same ids, however often its end arrives. */
export function sessionDeliveries(
  end: SessionEnd & Partial<StoredSession>,
  { webhooks }: Pick<SideConfig, 'webhooks'>,
): (Delivery & { readonly session: string })[] {
  const messages = deliveries(
    webhooks,
    { event: 'session.ended', about: `${end.id}.ended`, at: end.endedAt },
    {
      id: end.id,
      reason: end.reason,
      startedAt: end.startedAt === undefined ? undefined : new Date(end.startedAt).toISOString(),
      endedAt: new Date(end.endedAt).toISOString(),
      provider: end.provider,
      model: end.model,
      class: end.promptClass,
      isRehearsal: end.isRehearsal,
    },
  );
  return messages.map((delivery) => ({ ...delivery, session: end.id }));
}

function deliveries(
  webhooks: SideConfig['webhooks'],
  { event, about, at }: { readonly event: Event; readonly about: string; readonly at: number },
  data: object,
): Delivery[] {
  const body = JSON.stringify({ type: event, timestamp: new Date(at).toISOString(), data });
  return webhooks
    .filter(({ events }) => events.includes(event))
    .map(({ url }) => ({ id: idOf(`${event} ${about} ${url}`), url, event, body, attempts: 0, nextAt: at }));
}

/** Makes an id that follows from what is reported: receivers tell repeated messages by it. */
function idOf(about: string): string {
  return `msg_${createHash('sha256').update(about).digest('base64url').slice(0, 32)}`;
}
