// Makes the messages for webhooks as rows that are written together with what they report. Rule: of what is regulated they carry ids alone,
// unless the webhook says otherwise.

import { createHash } from 'node:crypto';
import type { SideConfig, WebhookConfig } from '../../config/side-schema.ts';
import type { DataClass, Delivery, Draining, SessionEnd, StoredSession, Task } from '../../ipc/stored-rows.ts';
import type { WindowUse } from '../billing/budgets/budget-warnings.ts';
import { scoredTaskId } from '../prompts/scoring.ts';
import type { BudgetEvent } from '../store/contract/budgets.ts';

type Event = WebhookConfig['events'][number];

/** Parts of a message: every webhook that asks for the event is told the `ids`; the `content` of regulated data only with `regulated: full`. */
interface Report {
  readonly event: Event;
  /** Names the occurrence: the same one gives the same message id. */
  readonly about: string;
  readonly at: number;
  readonly dataClass: DataClass;
  readonly ids: object;
  readonly content: object;
}

/** Reports `task.done`, or `task.failed` for one that failed or died. The `version` in the id tells the runs of a task apart. */
export function taskDeliveries(task: Task, { webhooks }: Pick<SideConfig, 'webhooks'>, now: number): Delivery[] {
  return deliveries(webhooks, {
    event: task.state === 'done' ? 'task.done' : 'task.failed',
    about: `${task.id}.${task.version}`,
    at: now,
    dataClass: task.dataClass,
    ids: { id: task.id, session: task.session, kind: task.kind, scores: scoredTaskId(task), state: task.state },
    content: {
      class: task.promptClass,
      result: task.result === undefined ? undefined : (JSON.parse(task.result) as unknown),
      error: task.error,
      quality: task.quality,
      isRehearsal: task.isRehearsal,
    },
  });
}

/** Reports `session.ended`. The same session gives the same ids, however often its end arrives. */
export function sessionDeliveries(
  session: StoredSession,
  { endedAt, reason }: Pick<SessionEnd, 'endedAt' | 'reason'>,
  { webhooks }: Pick<SideConfig, 'webhooks'>,
): (Delivery & { readonly session: string })[] {
  const messages = deliveries(webhooks, {
    event: 'session.ended',
    about: `${session.id}.ended`,
    at: endedAt,
    dataClass: session.dataClass,
    ids: { id: session.id },
    content: {
      reason,
      startedAt: new Date(session.startedAt).toISOString(),
      endedAt: new Date(endedAt).toISOString(),
      provider: session.provider,
      model: session.model,
      class: session.promptClass,
      isRehearsal: session.isRehearsal,
    },
  });
  return messages.map((delivery) => ({ ...delivery, session: session.id }));
}

/** Reports `session.draining`: its gateway shuts down, and ends it. */
export function drainingDeliveries(
  session: StoredSession,
  { from, until }: Draining,
  { webhooks }: Pick<SideConfig, 'webhooks'>,
): (Delivery & { readonly session: string })[] {
  const messages = deliveries(webhooks, {
    event: 'session.draining',
    about: `${session.id}.draining.${until}`,
    at: Date.now(),
    dataClass: session.dataClass,
    ids: { id: session.id },
    content: drainingView({ from, until }),
  });
  return messages.map((delivery) => ({ ...delivery, session: session.id }));
}

/** Shows when the session is ended at the soonest and at the latest, and the time that is left. */
export const drainingView = ({ from, until }: Draining): object => ({
  endsFrom: new Date(from + (until - from) / 2).toISOString(),
  endsBy: new Date(until).toISOString(),
  timeLeftMs: until - from,
});

/** Reports that a budget is nearly spent, or is spent. A limit that was raised since then is told of in a message of its own. */
export function budgetDeliveries(
  { window: { id, counted, limitMicroUsd, resetsAt }, amounts }: WindowUse,
  event: BudgetEvent,
  { webhooks }: Pick<SideConfig, 'webhooks'>,
): Delivery[] {
  return deliveries(webhooks, {
    ...{ event, about: `${id} ${limitMicroUsd}`, at: Date.now(), dataClass: 'open', ids: {} },
    content: {
      budget: counted,
      limitUsd: limitMicroUsd / 1e6,
      spentUsd: amounts.spentMicroUsd / 1e6,
      resetsAt: resetsAt === undefined ? undefined : new Date(resetsAt).toISOString(),
    },
  });
}

function deliveries(webhooks: SideConfig['webhooks'], report: Report): Delivery[] {
  const { event, about, at } = report;
  return webhooks
    .filter(({ events }) => events.includes(event))
    .map((webhook) => ({
      ...{ id: idOf(`${event} ${about} ${webhook.url}`), url: webhook.url, event },
      body: JSON.stringify({ type: event, timestamp: new Date(at).toISOString(), data: dataFor(webhook, report) }),
      // An end that is found out late is no old message.
      ...{ attempts: 0, createdAt: Date.now(), nextAt: at },
    }));
}

function dataFor({ regulated }: WebhookConfig, { dataClass, ids, content }: Report): object {
  return { ...ids, dataClass, ...(dataClass === 'open' || regulated === 'full' ? content : {}) };
}

/** Makes an id that follows from what is reported: receivers tell repeated messages by it. */
function idOf(about: string): string {
  return `msg_${createHash('sha256').update(about).digest('base64url').slice(0, 32)}`;
}
