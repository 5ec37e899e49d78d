// One side task: its result or its state. Its place keeps its size while it waits.

import { kindLabel, type SideTask } from '../../api/session-record.ts';
import { Icon } from '../components/icon.tsx';
import { ResultBody } from './result-body.tsx';

interface TaskResultProps {
  readonly kind: string;
  /** Undefined for a task that is expected, of which nothing is known yet. */
  readonly task?: SideTask | undefined;
  /** Kind of the task that it scores. */
  readonly of?: string | undefined;
}

export function TaskResult({ kind, task, of }: TaskResultProps) {
  return (
    <article class={`result result-${kind}`} data-kind={kind} data-state={task?.state ?? 'unknown'}>
      <div class="result-head">
        <h3>{of === undefined ? kindLabel(kind) : `${kindLabel(kind)} of: ${kindLabel(of)}`}</h3>
        {task !== undefined && <Marks task={task} />}
      </div>
      <Body kind={kind} task={task} />
    </article>
  );
}

function Body({ kind, task }: TaskResultProps) {
  switch (task?.state) {
    case 'done':
      if (task.result === undefined) return <p class="empty">The result is no longer kept.</p>;
      return <ResultBody kind={kind} result={task.result} />;
    case 'failed':
    case 'dead':
      return <Failure task={task} />;
    default:
      return <Skeleton kind={kind} isMoving={task?.state === 'running'} />;
  }
}

const stateTitles: Readonly<Record<SideTask['state'], string>> = {
  queued: 'Waits for its turn',
  running: 'Runs now',
  done: 'Has its result',
  failed: 'Will not be tried again: its input, a rule or a budget does not allow it',
  dead: 'Was tried as often as it may; `trunkline tasks` can run it again',
};

function Marks({ task: { state, quality, isRehearsal } }: { task: SideTask }) {
  return (
    <p class="result-marks">
      {isRehearsal && state === 'done' && (
        <span class="rehearsal" title={rehearsalTitle}>
          rehearsal
        </span>
      )}
      {quality === 'repaired' && (
        <span title="The first answer did not fit the schema; a second one did">repaired</span>
      )}
      <span class={`task-state task-state-${state}`} title={stateTitles[state]}>
        {state}
      </span>
    </p>
  );
}

export const rehearsalTitle = 'No model answered: the rehearsal did, with simple rules';

/** Grey lines in the place of the words to come. They keep the height of the panel. */
function Skeleton({ kind, isMoving }: { kind: string; isMoving: boolean }) {
  const lines = kind === 'summary' || kind === 'rolling-summary' ? 3 : kind === 'title' ? 1 : 2;
  return (
    <div class="skeleton" data-moving={isMoving} aria-hidden="true">
      {Array.from({ length: lines }, (_, line) => (
        <span key={line} class="skeleton-line" />
      ))}
    </div>
  );
}

function Failure({ task: { state, error } }: { task: SideTask }) {
  const words = state === 'dead' ? 'Tried as often as it may.' : 'Will not be tried again.';
  return (
    <p class="result-failure">
      <Icon name="warning" />
      <span>
        {words} {error !== undefined && <code>{error}</code>}
      </span>
    </p>
  );
}
