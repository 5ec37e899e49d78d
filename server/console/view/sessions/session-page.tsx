// One session, live or ended: what stands out, its timeline, what was said, its tasks and what it cost.

import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { Api } from '../../api/ask.ts';
import { readingOrder } from '../../api/session-record.ts';
import type { Timeline, WholeSession } from '../../api/sessions.ts';
import { formatClock, formatMoment, formatUsd, providerLabel } from '../../state/format.ts';
import { figuresOf } from '../../state/timeline/timeline-figures.ts';
import { Button } from '../components/button.tsx';
import { ConfirmButton } from '../components/confirm-button.tsx';
import { Icon } from '../components/icon.tsx';
import { Sheet, Trouble } from '../components/sheet.tsx';
import { useAnswer } from '../components/use-answer.ts';
import { ChargesTable } from '../post-call/charges-table.tsx';
import { TaskResult } from '../post-call/task-result.tsx';
import { TimelineList } from './timeline-list.tsx';
import { TimelinePlot } from './timeline-plot.tsx';

const liveMs = 3000;

export function SessionPage({ api, id }: { api: Api; id: string }) {
  const path = `/sessions/${encodeURIComponent(id)}`;
  const [isOver, setOver] = useState(false);
  const session = useAnswer<WholeSession>(api, path, isOver ? undefined : liveMs);
  const timeline = useAnswer<Timeline>(api, `${path}/timeline`, isOver ? undefined : liveMs);
  const { value } = session;
  const tasksAreOpen = value?.tasks?.some(({ state }) => state === 'queued' || state === 'running') ?? false;
  const isEnded = value?.state === 'closed' && timeline.value?.state === 'closed' && !tasksAreOpen;
  if (isEnded !== isOver) setOver(isEnded);
  const again = () => {
    session.reload();
    timeline.reload();
  };
  const bar = (
    <>
      {value !== undefined && value.state !== 'closed' && <EndButton api={api} session={value} onDone={again} />}
      <Button icon="again" onClick={again} disabled={session.isAsking}>
        Refresh
      </Button>
    </>
  );
  return (
    <Sheet
      name="session"
      title="Session"
      words={<span class="session-id">{id}</span>}
      isAsking={session.isAsking}
      bar={bar}
    >
      <p>
        <a class="back" href="#sessions">
          <Icon name="chevron" /> All sessions
        </a>
      </p>
      {value === undefined ? <Trouble answer={session.answer} /> : <Facts session={value} />}
      {value !== undefined && timeline.value === undefined && <Trouble answer={timeline.answer} />}
      {timeline.value !== undefined && <TimelinePanel timeline={timeline.value} />}
      {value !== undefined && <Said session={value} />}
      {value !== undefined && <Outcome session={value} />}
    </Sheet>
  );
}

export function EndButton({ api, session, onDone }: { api: Api; session: { readonly id: string }; onDone(): void }) {
  const [trouble, setTrouble] = useState('');
  const end = async () => {
    const answer = await api.ask(`/sessions/${encodeURIComponent(session.id)}/end`, { method: 'POST' });
    setTrouble(answer.kind === 'ok' ? '' : answer.message);
    onDone();
  };
  return (
    <span class="with-trouble">
      <ConfirmButton
        icon="end"
        label="End"
        sure="End it now"
        about={`session ${session.id}`}
        onSure={() => void end()}
      />
      {trouble !== '' && (
        <span role="alert" class="trouble">
          {trouble}
        </span>
      )}
    </span>
  );
}

function Facts({ session }: { session: WholeSession }) {
  const { key, team, endUser, tags, provider, model, dialect, startedAt, endedAt, durationMs, costMicroUsd } = session;
  const lasted = durationMs ?? (endedAt === undefined ? undefined : Date.parse(endedAt) - Date.parse(startedAt));
  const facts: readonly (readonly [string, ComponentChildren])[] = [
    ['State', <StateWord key="state" session={session} />],
    ['Provider', `${providerLabel(provider)}, ${dialect}`],
    ['Model', model ?? 'not named'],
    ['Key', key ?? 'none'],
    ['Team', team],
    ['End user', endUser],
    [
      'Tags',
      tags &&
        Object.entries(tags)
          .map((tag) => tag.join(': '))
          .join(', '),
    ],
    ['Started', formatMoment(startedAt)],
    ['Lasted', lasted === undefined ? undefined : formatClock(lasted)],
    // The rows of the ledger say it once it has ended.
    ['Spent so far', endedAt === undefined && costMicroUsd !== undefined && formatUsd(costMicroUsd)],
    ['Feedback', session.feedback?.map(feedbackWords).join('; ')],
    ['Trace', session.trace],
    ['Closed', session.reason && `${session.reason}${session.closeCode === undefined ? '' : `, ${session.closeCode}`}`],
  ];
  return (
    <dl class="panel facts">
      {facts.map(([name, fact]) =>
        fact ? (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{fact}</dd>
          </div>
        ) : null,
      )}
    </dl>
  );
}

const feedbackWords = ({ score, label, comment }: NonNullable<WholeSession['feedback']>[number]): string =>
  [score.toFixed(2), label, comment].filter(Boolean).join(', ');

export function StateWord({
  session: { state, isRehearsal },
}: {
  session: Pick<WholeSession, 'state' | 'isRehearsal'>;
}) {
  return (
    <>
      <span class={`state-word state-${state}`}>
        {state === 'open' ? 'live' : state === 'closing' ? 'ending' : 'ended'}
      </span>
      {isRehearsal && <span class="rehearsal"> rehearsal</span>}
    </>
  );
}

function TimelinePanel({ timeline }: { timeline: Timeline }) {
  const { verdicts, entries } = timeline;
  return (
    <section class="panel timeline" aria-labelledby="timeline-title">
      <div class="panel-head">
        <h3 id="timeline-title">Timeline</h3>
      </div>
      {verdicts.length === 0 ? (
        <p class="verdict-none muted">Nothing stands out.</p>
      ) : (
        <ul class="verdicts" aria-label="What stands out">
          {verdicts.map((verdict) => (
            <li key={verdict}>
              <Icon name="warning" /> {verdict.charAt(0).toUpperCase() + verdict.slice(1)}
            </li>
          ))}
        </ul>
      )}
      <TimelineFigures timeline={timeline} />
      <TimelinePlot timeline={timeline} />
      <TimelineList entries={entries} />
    </section>
  );
}

function TimelineFigures({ timeline }: { timeline: Timeline }) {
  return (
    <dl class="facts timeline-figures">
      {figuresOf(timeline).map(({ name, text, isBad }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd class={isBad ? 'state-word state-bad' : ''}>{text}</dd>
        </div>
      ))}
    </dl>
  );
}

function Said({ session: { turns } }: { session: WholeSession }) {
  if (turns === undefined || turns.length === 0) return null;
  return (
    <section class="panel said" aria-labelledby="said-title">
      <div class="panel-head">
        <h3 id="said-title">What was said</h3>
      </div>
      <ol>
        {turns.map(({ number, user, assistant, isInterrupted }) => (
          <li key={number}>
            <p class="figure muted">{number}</p>
            <div>
              {user !== undefined && user !== '' && <p class="said-user">{user}</p>}
              {assistant !== undefined && assistant !== '' && <p class="said-assistant">{assistant}</p>}
              {user === undefined && assistant === undefined && <p class="muted">The words are not kept.</p>}
              {isInterrupted && <p class="muted said-mark">interrupted</p>}
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}

function Outcome({ session: { tasks = [], ledger = [] } }: { session: WholeSession }) {
  const sorted = tasks.toSorted((a, b) => readingOrder(a.kind) - readingOrder(b.kind));
  return (
    <section class="panel outcome" aria-label="Tasks and cost">
      {sorted.length > 0 && (
        <div class="results">
          {sorted.map((task) => (
            <TaskResult
              key={task.id}
              kind={task.kind}
              task={task}
              of={tasks.find(({ id }) => id === task.scores)?.kind}
            />
          ))}
        </div>
      )}
      <ChargesTable charges={ledger} />
    </section>
  );
}
