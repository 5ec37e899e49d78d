// A session as the gateway keeps it: its side tasks and what was charged. Whatever is missing or unknown is left out, never guessed.

import { listOf, type Message, objectOf, textOf } from '../dialects/dialect.ts';

export const taskStates = ['queued', 'running', 'done', 'failed', 'dead'] as const;
export type TaskState = (typeof taskStates)[number];

export interface SideTask {
  readonly id: string;
  readonly kind: string;
  /** The id of the task whose result it scores; '' for none. */
  readonly scores: string;
  readonly state: TaskState;
  /** As the kind defines it; undefined while there is none, and when it was deleted. */
  readonly result: unknown;
  /** Whether the answer fitted its schema: `valid`, `repaired`, `failed`; '' while nobody knows. */
  readonly quality: string;
  /** A short code of what went wrong; '' for nothing. */
  readonly error: string;
  /** No model answered, a stand-in did. */
  readonly isRehearsal: boolean;
}

/** One row of the ledger: the session's own use, or one attempt of one of its calls. */
export interface Charge {
  readonly kind: string;
  readonly path: string;
  readonly model: string;
  readonly gateway: string;
  /** undefined: unknown, which is not zero. */
  readonly costMicroUsd: number | undefined;
  readonly costSource: string;
  readonly isRehearsal: boolean;
}

export interface SideRecord {
  /** The side process answered; a record without it has no list of tasks. */
  readonly isWhole: boolean;
  readonly isEnded: boolean;
  /** One of each kind, in the order in which they are read. */
  readonly tasks: readonly SideTask[];
  readonly charges: readonly Charge[];
}

/** Reads the body of `GET /v1/sessions/<id>`. */
export function readRecord(body: unknown): SideRecord {
  const record = objectOf(body);
  const tasks = listOf(record.tasks).flatMap((task) => readTask(task) ?? []);
  return {
    isWhole: Array.isArray(record.tasks),
    isEnded: record.state === 'closed' || record.endedAt !== undefined,
    tasks: withScores(latestOfEach(tasks), tasks).toSorted((a, b) => placeOf(a.kind) - placeOf(b.kind)),
    charges: listOf(record.ledger).map((row) => readCharge(objectOf(row))),
  };
}

export function isSettled({ state }: SideTask): boolean {
  return state === 'done' || state === 'failed' || state === 'dead';
}

function readTask(value: unknown): SideTask | undefined {
  const task = objectOf(value);
  const [id, kind] = [textOf(task.id), textOf(task.kind)];
  const state = taskStates.find((one) => one === task.state);
  if (kind === '' || state === undefined) return undefined;
  return {
    ...{ id: id || kind, kind, scores: textOf(task.scores), state },
    result: parsed(task.result),
    quality: textOf(task.quality),
    error: textOf(task.error) || textOf(objectOf(task.error).code),
    isRehearsal: task.isRehearsal === true,
  };
}

function readCharge(row: Message): Charge {
  return {
    kind: textOf(row.kind),
    path: textOf(row.path),
    model: textOf(row.served) || textOf(row.asked),
    gateway: textOf(row.gateway),
    costMicroUsd: typeof row.costMicroUsd === 'number' ? row.costMicroUsd : undefined,
    costSource: textOf(row.costSource),
    isRehearsal: row.isRehearsal === true,
  };
}

/** The store keeps results as JSON text. */
function parsed(result: unknown): unknown {
  if (typeof result !== 'string') return result ?? undefined;
  try {
    return JSON.parse(result);
  } catch {
    return result;
  }
}

/** A kind that runs every few turns has numbered tasks, `<session>.<kind>.<number>`: the last one that is done stands for all. */
function latestOfEach(all: readonly SideTask[]): SideTask[] {
  const tasks = all.filter(({ scores }) => scores === '');
  const numbered = new Map<string, SideTask>();
  const others: SideTask[] = [];
  for (const task of tasks) {
    const old = numbered.get(task.kind);
    if (numberOf(task) === undefined) others.push(task);
    else if (old === undefined || comesAfter(task, old)) numbered.set(task.kind, task);
  }
  return [...others, ...numbered.values()];
}

/** A score is read with the result that it is of. */
function withScores(shown: readonly SideTask[], all: readonly SideTask[]): SideTask[] {
  return [...shown, ...all.filter(({ scores }) => shown.some(({ id }) => id === scores))];
}

function comesAfter(task: SideTask, old: SideTask): boolean {
  const isDone = task.state === 'done';
  if (isDone !== (old.state === 'done')) return isDone;
  return (numberOf(task) ?? 0) > (numberOf(old) ?? 0);
}

function numberOf({ id, kind }: SideTask): number | undefined {
  const [, number] = id.split(`.${kind}.`);
  return number !== undefined && /^\d+$/.test(number) ? Number(number) : undefined;
}

const order = [
  ...['title', 'summary', 'rolling-summary', 'classification', 'sentiment-and-outcome'],
  ...['action-items', 'quality', 'moderation', 'extraction'],
];

/** Where a kind is read: the built-in ones first. */
export function placeOf(kind: string): number {
  const at = order.indexOf(kind);
  return at === -1 ? order.length : at;
}

const names: Readonly<Record<string, string>> = {
  classification: 'Labels',
  'sentiment-and-outcome': 'Sentiment, outcome',
  'rolling-summary': 'Summary so far',
};

/** A kind as people write it: `action-items` is "Action items". */
export function kindLabel(kind: string): string {
  const words = kind.replaceAll('-', ' ');
  return names[kind] ?? `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}
