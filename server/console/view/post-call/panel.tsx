// The panel of the side tasks: their results as they come, and what everything cost.

import { useEffect, useRef, useState } from 'preact/hooks';
import { isSettled, kindLabel, readingOrder, type SideTask } from '../../api/session-record.ts';
import type { ConsoleController } from '../../session/controller.ts';
import type { PostCallState } from '../../session/side-task-follower.ts';
import { formatCost, sumCosts } from '../../state/cost.ts';
import { Icon } from '../components/icon.tsx';
import { ChargesTable } from './charges-table.tsx';
import { rehearsalTitle, TaskResult } from './task-result.tsx';

export function PostCallPanel({ controller }: { controller: ConsoleController }) {
  const { gateway, session, phase, postCall } = controller.state;
  const isOver = phase === 'closed' && session?.openedAt !== undefined;
  const [isOpen, setOpen] = useState(false);
  // The panel opens by itself when the call ends, and closes when the next one starts.
  useEffect(() => setOpen(isOver), [isOver, session?.id]);
  // The panel may be out of sight on a narrow screen, where the columns stand below each other.
  const box = useRef<HTMLElement>(null);
  useEffect(() => {
    if (isOpen && isOver) box.current?.scrollIntoView({ block: 'nearest' });
  }, [isOpen, isOver]);
  if (gateway?.side === undefined) return null;
  const kinds = gateway.side.tasks.toSorted((a, b) => readingOrder(a) - readingOrder(b));
  const { tasks, charges } = postCall?.record ?? { tasks: [], charges: [] };
  return (
    <section
      ref={box}
      class="panel post-call"
      aria-labelledby="post-call-title"
      data-open={isOpen}
      data-following={postCall?.state ?? ''}
    >
      <div class="post-call-head">
        <h2 id="post-call-title">
          <button
            type="button"
            class="post-call-toggle"
            aria-expanded={isOpen}
            aria-controls="post-call-body"
            onClick={() => setOpen(!isOpen)}
          >
            <Icon name="chevron" /> After the call
          </button>
        </h2>
        <p class="muted post-call-progress" role="status">
          {progressOf({ kinds, tasks, isOver, isRunning: session !== undefined && !isOver })}
          {isOver && charges.length > 0 && `, cost ${formatCost(sumCosts(charges))}`}
        </p>
        {tasks.some(({ isRehearsal }) => isRehearsal) && (
          <span class="tag tag-rehearsal" title={rehearsalTitle}>
            rehearsal: no model
          </span>
        )}
      </div>
      <section
        id="post-call-body"
        class="post-call-body"
        aria-label="Results of the call"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard
        tabIndex={0}
        hidden={!isOpen}
      >
        {isOpen && <PostCallBody postCall={postCall} kinds={kinds} hasSession={session?.openedAt !== undefined} />}
      </section>
    </section>
  );
}

interface Progress {
  readonly kinds: readonly string[];
  readonly tasks: readonly SideTask[];
  readonly isOver: boolean;
  readonly isRunning: boolean;
}

/** Progress of all tasks in a few words. */
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
  readonly postCall: PostCallState | undefined;
  readonly kinds: readonly string[];
  readonly hasSession: boolean;
}

function PostCallBody({ postCall, kinds, hasSession }: BodyProps) {
  if (!hasSession) return <p class="empty">Results of a call appear here, each as soon as it is there.</p>;
  const record = postCall?.record;
  const isKnown = record !== undefined && (record.tasks.length > 0 || postCall?.state !== 'following');
  const shown = isKnown ? record.tasks : [];
  const trouble = troubles[postCall?.state ?? ''];
  const expected = isKnown || trouble !== undefined ? [] : kinds;
  return (
    <>
      {trouble !== undefined && (
        <p class="post-call-trouble">
          <Icon name="warning" /> {trouble}
        </p>
      )}
      <div class="results" aria-busy={shown.some((task) => !isSettled(task))}>
        {shown.map((task) => (
          <TaskResult
            key={task.id}
            kind={task.kind}
            task={task}
            of={shown.find(({ id }) => id === task.scores)?.kind}
          />
        ))}
        {expected.map((kind) => (
          <TaskResult key={kind} kind={kind} />
        ))}
      </div>
      {isKnown && shown.length === 0 && <p class="empty">This session has no side tasks.</p>}
      {record !== undefined && <ChargesTable charges={record.charges} />}
    </>
  );
}

const troubles: Readonly<Record<string, string>> = {
  absent: 'The gateway has nothing on the side tasks of this session at the moment.',
  unreachable: 'The gateway does not answer at the moment.',
  refused: 'The gateway did not accept the key, so the results cannot be shown.',
  'gave-up': 'Some tasks have not ended, and the page no longer asks. `trunkline tasks` shows what became of them.',
};
