// The live sessions of this machine: how they go, what they have cost so far, and a button that ends one.

import type { Api } from '../../api/ask.ts';
import type { MeasuredSession } from '../../api/sessions.ts';
import { formatBytes, formatClock, formatMs, formatUs, formatUsd, providerLabel } from '../../state/format.ts';
import { Nothing, Sheet, Trouble } from '../components/sheet.tsx';
import { Table } from '../components/table.tsx';
import { useAnswer } from '../components/use-answer.ts';
import { EndButton, StateWord } from '../sessions/session-page.tsx';
import { sessionPlace } from '../views.ts';

const everyMs = 2000;
/** A table of thousands helps nobody: the longest ones are shown. */
const mostRows = 200;

export function LivePage({ api }: { api: Api }) {
  const { answer, value, isAsking, reload } = useAnswer<{ readonly sessions: readonly MeasuredSession[] }>(
    api,
    '/sessions',
    everyMs,
  );
  const sessions = (value?.sessions ?? []).toSorted((a, b) => b.durationMs - a.durationMs);
  const words =
    sessions.length > mostRows
      ? `The longest ${mostRows} of ${sessions.length}, read again every 2 s while you look.`
      : 'On this machine, read again every 2 s while you look.';
  return (
    <Sheet
      name="live"
      title="Live sessions"
      words={words}
      isAsking={isAsking && value === undefined}
      onRefresh={reload}
    >
      <Trouble answer={answer} />
      {answer?.kind === 'ok' && sessions.length === 0 && (
        <Nothing title="Nobody is talking">
          A session is here as soon as it opens. <a href="#sessions">The past ones</a> are in the store.
        </Nothing>
      )}
      {sessions.length > 0 && <LiveTable api={api} sessions={sessions.slice(0, mostRows)} reload={reload} />}
    </Sheet>
  );
}

interface LiveTableProps {
  readonly api: Api;
  readonly sessions: readonly MeasuredSession[];
  reload(): void;
}

function LiveTable({ api, sessions, reload }: LiveTableProps) {
  const figures = ['Turns', 'Last reply', 'In the gateway', 'From client', 'To client', 'Spent'];
  const columns = ['Since', 'Whose', 'Model', ...figures.map((figure) => ({ figure })), ''];
  return (
    <Table label="Live sessions" columns={columns}>
      {sessions.map((session) => (
        <tr key={session.id}>
          <th scope="row">
            <a href={sessionPlace(session.id)}>
              {formatClock(session.durationMs)} <span class="visually-hidden">session {session.id}</span>
            </a>{' '}
            {session.state !== 'open' && <StateWord session={session} />}
          </th>
          <td class="is-name">{whose(session)}</td>
          <td class="is-name">{session.model ?? providerLabel(session.provider)}</td>
          <Figures session={session} />
          <td>
            <EndButton api={api} session={session} onDone={reload} />
          </td>
        </tr>
      ))}
    </Table>
  );
}

function Figures({ session: { turns, residenceUs, bytes, costMicroUsd } }: { session: MeasuredSession }) {
  const last = turns.at(-1);
  const residence = Math.max(residenceUs.upstream.p99, residenceUs.downstream.p99);
  return (
    <>
      <td>{turns.length}</td>
      <td>{formatMs(last && Object.values(last)[0])}</td>
      <td title="One frame in a hundred stays longer in the gateway">{formatUs(residence)}</td>
      <td>{formatBytes(bytes.upstream)}</td>
      <td>{formatBytes(bytes.downstream)}</td>
      <td class={costMicroUsd === undefined ? 'muted' : ''}>
        {costMicroUsd === undefined ? 'unknown' : formatUsd(costMicroUsd)}
      </td>
    </>
  );
}

function whose({ key, team, endUser }: MeasuredSession) {
  if (key === undefined) return <span class="muted">no key</span>;
  const rest = [team, endUser].filter((part) => part !== undefined);
  return (
    <>
      {key} {rest.length > 0 && <span class="muted">{rest.join(', ')}</span>}
    </>
  );
}
