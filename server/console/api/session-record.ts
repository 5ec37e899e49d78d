// Reads a session's record: its side tasks and what was charged. What is missing or unknown is left out, never guessed.

import { type JsonObject, parseJson } from '../../../codecs/json-object.ts';
import { listOrEmpty, numberOrUndefined, objectOrEmpty, textOrEmpty } from './loose-json.ts';

const taskStates = ['queued', 'running', 'done', 'failed', 'dead'] as const;
export type SideTaskState = (typeof taskStates)[number];

export interface SideTask {
  readonly id: string;
  readonly kind: string;
  /** Id of the task whose result it scores; '' for none. */
  readonly scores: string;
  readonly state: SideTaskState;
  /** Shape as the kind defines it; undefined while there is no result, and after it was deleted. */
  readonly result: unknown;
  /** Fit of the answer to its schema: `valid`, `repaired`, `failed`; '' while it is unknown. */
  readonly quality: string;
  /** Short code of what went wrong; '' for nothing. */
  readonly error: string;
  /** The rehearsal answered, no model. */
  readonly isRehearsal: boolean;
}

/** One row of the ledger: the session's own use, or one attempt of a call. */
export interface ChargedCall {
  readonly kind: string;
  readonly path: string;
  readonly model: string;
  readonly gateway: string;
  /** Undefined when it is unknown, which is not zero. */
  readonly costMicroUsd: number | undefined;
  readonly costSource: string;
  readonly isRehearsal: boolean;
}

export interface SideRecord {
  /** True when the side process answered; without it a record has no list of tasks. */
  readonly isWhole: boolean;
  readonly isEnded: boolean;
  /** The latest task of each kind and its scores, in reading order. */
  readonly tasks: readonly SideTask[];
  readonly charges: readonly ChargedCall[];
}

/** Reads the body of `GET /v1/sessions/<id>`. */
export function readSideRecord(body: unknown): SideRecord {
  const record = objectOrEmpty(body);
  const tasks = listOrEmpty(record.tasks).flatMap((task) => readTask(task) ?? []);
  return {
    isWhole: Array.isArray(record.tasks),
    isEnded: record.state === 'closed' || record.endedAt !== undefined,
    tasks: withScores(latestOfEach(tasks), tasks).toSorted((a, b) => readingOrder(a.kind) - readingOrder(b.kind)),
    charges: listOrEmpty(record.ledger).map(readCharge),
  };
}

export function isSettled({ state }: SideTask): boolean {
  return state === 'done' || state === 'failed' || state === 'dead';
}

function readTask(task: JsonObject): SideTask | undefined {
  const [id, kind] = [textOrEmpty(task.id), textOrEmpty(task.kind)];
  const state = taskStates.find((name) => name === task.state);
  if (kind === '' || state === undefined) return undefined;
  return {
    ...{ id: id || kind, kind, scores: textOrEmpty(task.scores), state },
    result: parsed(task.result),
    quality: textOrEmpty(task.quality),
    error: textOrEmpty(task.error) || textOrEmpty(objectOrEmpty(task.error).code),
    isRehearsal: task.isRehearsal === true,
  };
}

function readCharge(row: JsonObject): ChargedCall {
  return {
    kind: textOrEmpty(row.kind),
    path: textOrEmpty(row.path),
    model: textOrEmpty(row.served) || textOrEmpty(row.asked),
    gateway: textOrEmpty(row.gateway),
    costMicroUsd: numberOrUndefined(row.costMicroUsd),
    costSource: textOrEmpty(row.costSource),
    isRehearsal: row.isRehearsal === true,
  };
}

/** Value of a result, which the store keeps as JSON text. */
function parsed(result: unknown): unknown {
  return (typeof result === 'string' ? (parseJson(result) ?? result) : result) ?? undefined;
}

/** Keeps one task of each kind. A kind that runs every few turns has numbered tasks, `<session>.<kind>.<number>`: the last that is done. */
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

/** Adds the scores of the tasks that are shown. */
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

/** Position of a kind in reading order: the built-in kinds first. */
export function readingOrder(kind: string): number {
  const at = order.indexOf(kind);
  return at === -1 ? order.length : at;
}

const names: Readonly<Record<string, string>> = {
  classification: 'Labels',
  'sentiment-and-outcome': 'Sentiment, outcome',
  'rolling-summary': 'Summary so far',
};

/** Name of a kind for people: `action-items` is "Action items". */
export function kindLabel(kind: string): string {
  const words = kind.replaceAll('-', ' ');
  return names[kind] ?? `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}
