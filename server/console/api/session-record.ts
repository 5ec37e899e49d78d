// The part of a session's record that the panel of the side tasks shows: `GET /v1/sessions/<id>`. What is missing is unknown.

/** One side task. Fields are missing where nothing is known. */
export interface SideTask {
  readonly id: string;
  readonly kind: string;
  /** Id of the task whose result it scores. */
  readonly scores?: string;
  readonly state: 'queued' | 'running' | 'done' | 'failed' | 'dead';
  /** Form as the kind defines it; missing also after it was deleted. */
  readonly result?: unknown;
  /** Fit of the answer to its schema. */
  readonly quality?: 'valid' | 'repaired' | 'failed';
  readonly error?: string;
  /** The rehearsal answered, no model. */
  readonly isRehearsal: boolean;
}

/** One row of the ledger: the session's own use, or one attempt of a call. */
export interface ChargedCall {
  readonly kind: 'realtime' | 'task' | 'chat';
  readonly path: string;
  readonly asked?: string;
  readonly served?: string;
  /** Missing when it is unknown, which is not zero. */
  readonly costMicroUsd?: number;
  readonly costSource: string;
  readonly isRehearsal: boolean;
}

export interface SideRecord {
  readonly isEnded: boolean;
  /** The latest task of each kind and its scores, in reading order. */
  readonly tasks: readonly SideTask[];
  readonly charges: readonly ChargedCall[];
}

interface SessionBody {
  readonly state: string;
  readonly endedAt?: string;
  readonly tasks?: readonly SideTask[];
  readonly ledger?: readonly ChargedCall[];
}

/** Undefined when the side process did not answer: without it a record has no list of tasks. */
export function sideRecordOf({ state, endedAt, tasks, ledger = [] }: SessionBody): SideRecord | undefined {
  if (tasks === undefined) return undefined;
  const results = tasks.filter((task) => task.scores === undefined && !tasks.some((next) => replaces(next, task)));
  const scores = tasks.filter((task) => results.some(({ id }) => id === task.scores));
  return {
    isEnded: state === 'closed' || endedAt !== undefined,
    tasks: [...results, ...scores].toSorted((a, b) => readingOrder(a.kind) - readingOrder(b.kind)),
    charges: ledger,
  };
}

export function isSettled({ state }: SideTask): boolean {
  return state === 'done' || state === 'failed' || state === 'dead';
}

/** True for the newer task of a kind that runs every few turns or minutes. Its tasks are numbered, and the last that is done counts. */
function replaces(next: SideTask, task: SideTask): boolean {
  const [nextNumber, number] = [numberOf(next), numberOf(task)];
  if (next.kind !== task.kind || nextNumber === undefined || number === undefined) return false;
  const isDone = next.state === 'done';
  return isDone === (task.state === 'done') ? nextNumber > number : isDone;
}

/** Number in `<session>.<kind>.<number>`, or in `<session>.<kind>.m<number>` for minutes. */
function numberOf({ id, kind }: SideTask): number | undefined {
  const number = /^m?(\d+)$/.exec(id.split(`.${kind}.`)[1] ?? '')?.[1];
  return number === undefined ? undefined : Number(number);
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
