// What the side path makes of the call: its results as they come, and what everything cost.

import { useEffect, useRef, useState } from 'preact/hooks';
import { isSettled, kindLabel, placeOf, type SideTask } from '../../api/session-record.ts';
import type { AfterCall } from '../../session/side-task-follower.ts';
import { formatCost, sumCosts } from '../../state/cost.ts';
import type { ConsoleState } from '../../state/state.ts';
import { Icon } from '../components/icon.tsx';
import { ChargesTable } from './charges-table.tsx';
import { GhostResult, RehearsalMark, TaskResult } from './task-result.tsx';

export function AfterCallPanel({ state }: { state: ConsoleState }) {
  const { gateway, session, phase, after } = state;
  const isOver = phase === 'closed' && session?.openedAt !== undefined;
  const [isOpen, setOpen] = useState(false);
  // It opens by itself when the call ends, and makes room when the next one starts.
  useEffect(() => setOpen(isOver), [isOver, session?.id]);
  // Where the columns stand below each other it may be anywhere.
  const box = useRef<HTMLElement>(null);
  useEffect(() => {
    if (isOpen && isOver) box.current?.scrollIntoView({ block: 'nearest' });
  }, [isOpen, isOver]);
  if (gateway?.side === undefined) return null;
  const kinds = gateway.side.tasks.toSorted((a, b) => placeOf(a) - placeOf(b));
  const { tasks, charges } = after?.record ?? { tasks: [], charges: [] };
  return (
    <section
      ref={box}
      class="panel after"
      aria-labelledby="after-title"
      data-open={isOpen}
      data-following={after?.state ?? ''}
    >
      <div class="after-head">
        <h2 id="after-title">
          <button
            type="button"
            class="after-toggle"
            aria-expanded={isOpen}
            aria-controls="after-body"
            onClick={() => setOpen(!isOpen)}
          >
            <Icon name="chevron" /> After the call
          </button>
        </h2>
        <p class="muted after-progress" role="status">
          {progressOf({ kinds, tasks, isOver, isRunning: session !== undefined && !isOver })}
          {isOver && charges.length > 0 && `, ${formatCost(sumCosts(charges))}`}
        </p>
        {tasks.some(({ isRehearsal }) => isRehearsal) && <RehearsalMark words="rehearsal: no model, a stand-in" />}
      </div>
      <div id="after-body" class="after-body" hidden={!isOpen}>
        {isOpen && <AfterBody after={after} kinds={kinds} hasSession={session?.openedAt !== undefined} />}
      </div>
    </section>
  );
}

interface Progress {
  readonly kinds: readonly string[];
  readonly tasks: readonly SideTask[];
  readonly isOver: boolean;
  readonly isRunning: boolean;
}

/** The state of the whole in a few words. */
function progressOf({ kinds, tasks, isOver, isRunning }: Progress): string {
  if (kinds.length === 0 && tasks.length === 0) return 'no side tasks are configured';
  const done = tasks.filter(({ state }) => state === 'done').length;
  const lost = tasks.filter(({ state }) => state === 'failed' || state === 'dead').length;
  if (tasks.length > 0 && (isOver || done + lost > 0)) {
    return `${done} of ${tasks.length} done${lost > 0 ? `, ${lost} failed` : ''}`;
  }
  if (isOver) return 'waiting for the first result';
  const names = kinds.map(kindLabel).join(', ').toLowerCase();
  return isRunning ? `when the call ends: ${names}` : names;
}

interface BodyProps {
  readonly after: AfterCall | undefined;
  readonly kinds: readonly string[];
  readonly hasSession: boolean;
}

function AfterBody({ after, kinds, hasSession }: BodyProps) {
  if (!hasSession) return <p class="empty">Results of a call appear here, each as soon as it is there.</p>;
  const record = after?.record;
  const isKnown = record !== undefined && (record.tasks.length > 0 || after?.state !== 'following');
  const shown = isKnown ? record.tasks : [];
  const ghosts = isKnown || troubles[after?.state ?? ''] !== undefined ? [] : kinds;
  return (
    <>
      <Trouble after={after} />
      <div class="results" aria-busy={shown.some((task) => !isSettled(task))}>
        {shown.map((task) => (
          <TaskResult key={task.id} task={task} of={shown.find(({ id }) => id === task.scores)?.kind} />
        ))}
        {ghosts.map((kind) => (
          <GhostResult key={kind} kind={kind} />
        ))}
      </div>
      {isKnown && shown.length === 0 && <p class="empty">This session has no side tasks.</p>}
      {record !== undefined && <ChargesTable charges={record.charges} />}
    </>
  );
}

const troubles: Readonly<Partial<Record<string, string>>> = {
  absent: 'The gateway has nothing on the side tasks of this session at the moment.',
  unreachable: 'The gateway does not answer at the moment.',
  refused: 'The gateway did not accept the key, so the results cannot be shown.',
  'gave-up': 'Some tasks have not ended, and the page no longer asks. `trunkline tasks` shows what became of them.',
};

function Trouble({ after }: { after: AfterCall | undefined }) {
  const words = troubles[after?.state ?? ''];
  if (words === undefined) return null;
  return (
    <p class="after-trouble">
      <Icon name="warning" /> {words}
    </p>
  );
}
