// One side task: its result or its state. Its place keeps its size while it waits.

import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';
import { kindLabel, type SideTask, type SideTaskState } from '../../api/session-record.ts';
import { readResult } from '../../api/task-result.ts';
import { Icon } from '../components/icon.tsx';
import { ResultBody } from './result-body.tsx';

/** The result of a task. `of`: kind of the task that it scores. */
export function TaskResult({ task, of }: { task: SideTask; of?: string | undefined }) {
  const { kind, state, error, quality, isRehearsal } = task;
  const result = useMemo(() => readResult(kind, task.result), [kind, task.result]);
  return (
    <Frame
      kind={kind}
      of={of}
      state={state}
      marks={<Marks state={state} quality={quality} isRehearsal={isRehearsal} />}
    >
      {state === 'done' && result !== undefined && <ResultBody kind={kind} result={result} />}
      {state === 'done' && result === undefined && <p class="empty">The result is no longer kept.</p>}
      {(state === 'queued' || state === 'running') && <Skeleton kind={kind} isMoving={state === 'running'} />}
      {(state === 'failed' || state === 'dead') && <Failure state={state} error={error} />}
    </Frame>
  );
}

/** Placeholder of a task that is expected, of which nothing is known yet. */
export function ExpectedResult({ kind }: { kind: string }) {
  return (
    <Frame kind={kind} state="unknown" marks={null}>
      <Skeleton kind={kind} isMoving={false} />
    </Frame>
  );
}

interface FrameProps {
  readonly kind: string;
  readonly of?: string | undefined;
  readonly state: SideTaskState | 'unknown';
  readonly marks: ComponentChildren;
  readonly children: ComponentChildren;
}

function Frame({ kind, of, state, marks, children }: FrameProps) {
  return (
    <article class={`result result-${kind}`} data-kind={kind} data-state={state}>
      <div class="result-head">
        <h3>{of === undefined ? kindLabel(kind) : `${kindLabel(kind)} of: ${kindLabel(of)}`}</h3>
        {marks}
      </div>
      {children}
    </article>
  );
}

const stateTitles: Readonly<Record<SideTaskState, string>> = {
  queued: 'Waits for its turn',
  running: 'Runs now',
  done: 'Has its result',
  failed: 'Will not be tried again: its input, a rule or a budget does not allow it',
  dead: 'Was tried as often as it may; `trunkline tasks` can run it again',
};

interface MarksProps {
  readonly state: SideTaskState;
  readonly quality: string;
  readonly isRehearsal: boolean;
}

function Marks({ state, quality, isRehearsal }: MarksProps) {
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

const rehearsalTitle = 'No model answered: the rehearsal did, with simple rules';

export function RehearsalMark({ words }: { words: string }) {
  return (
    <span class="tag tag-rehearsal" title={rehearsalTitle}>
      {words}
    </span>
  );
}

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

function Failure({ state, error }: { state: SideTaskState; error: string }) {
  const words = state === 'dead' ? 'Tried as often as it may.' : 'Will not be tried again.';
  return (
    <p class="result-failure">
      <Icon name="warning" />
      <span>
        {words} {error !== '' && <code>{error}</code>}
      </span>
    </p>
  );
}
