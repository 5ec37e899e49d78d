// Whether new sessions and calls are served, how providers and LLM gateways answer, and who was refused what.

import type { ComponentChildren } from 'preact';
import type { Api } from '../../api/ask.ts';
import type { ReadyState, RefusalList, Upstreams } from '../../api/operator.ts';
import { formatCount, formatMs, formatPercent, formatUsd, providerLabel } from '../../state/format.ts';
import { Sheet, Trouble } from '../components/sheet.tsx';
import { Table } from '../components/table.tsx';
import { useAnswer } from '../components/use-answer.ts';
import { CatalogueNotices } from './usage/notices.tsx';

const everyMs = 5000;

export function HealthPage({ api }: { api: Api }) {
  const upstreams = useAnswer<Upstreams>(api, '/gateways', everyMs);
  const refusals = useAnswer<RefusalList>(api, '/refusals', everyMs);
  const ready = useAnswer<ReadyState>(api, '/readyz', everyMs);
  const again = () => {
    for (const { reload } of [upstreams, refusals, ready]) reload();
  };
  return (
    <Sheet
      name="health"
      title="Health"
      words="Counts and means of this machine since its processes started, read again every 5 s while you look."
      isAsking={upstreams.isAsking && upstreams.value === undefined}
      onRefresh={again}
    >
      <Trouble answer={upstreams.answer} />
      <CatalogueNotices api={api} />
      <ReadyPanel answer={ready} runs={upstreams.value?.runs} />
      {upstreams.value !== undefined && <Providers providers={upstreams.value.providers} />}
      {upstreams.value !== undefined && <Gateways gateways={upstreams.value.gateways} />}
      {refusals.value !== undefined && <Counted counts={refusals.value} />}
    </Sheet>
  );
}

/** A 503 has no value: its reasons are what the gateway says. */
function ReadyPanel({
  answer: { answer },
  runs,
}: {
  answer: { answer: ReturnType<typeof useAnswer<ReadyState>>['answer'] };
  runs: Upstreams['runs'];
}) {
  if (answer === undefined) return null;
  const isReady = answer.kind === 'ok';
  return (
    <p class="panel ready" role="status">
      <span class={`state-word ${isReady ? 'state-open' : 'state-bad'}`}>
        {isReady ? 'Ready: new sessions and new calls are served' : `Not ready: ${answer.message}`}
      </span>
      {runs !== undefined && (
        <span class="muted">
          Answers under way: {formatCount(runs.live)}, readers of them: {formatCount(runs.readers)}
        </span>
      )}
    </p>
  );
}

const figures = (...names: readonly string[]) => names.map((figure) => ({ figure }));

function Providers({ providers }: Pick<Upstreams, 'providers'>) {
  return (
    <Table
      label="Providers"
      title="Providers"
      columns={[
        ...['Provider', 'State'],
        ...figures('Dials', 'Opened', 'Time to the 101', 'Speech to audio', 'Request to audio'),
      ]}
    >
      {providers.map(({ name, state, dials, dialMs, speechToAudioMs, requestToAudioMs }) => (
        <tr key={name}>
          <th scope="row">{providerLabel(name)}</th>
          <td class="is-name">
            <StateOf isBad={shareOf(dials, 'open') < 0.9} words={state} />
          </td>
          <td title={wordsOf(dials)}>{formatCount(sumOf(dials))}</td>
          <td>{sumOf(dials) === 0 ? '–' : formatPercent(shareOf(dials, 'open'))}</td>
          <td>{formatMs(dialMs)}</td>
          <td>{formatMs(speechToAudioMs)}</td>
          <td>{formatMs(requestToAudioMs)}</td>
        </tr>
      ))}
    </Table>
  );
}

function Gateways({ gateways }: Pick<Upstreams, 'gateways'>) {
  if (gateways.length === 0) return null;
  return (
    <Table
      label="LLM gateways and their targets"
      title="LLM gateways"
      columns={['Gateway', 'Model', 'Breaker', ...figures('First token', 'Attempts', 'Ok', 'Cost')]}
    >
      {gateways.flatMap(({ name, targets, attempts, costMicroUsd }) => {
        const rows = targets.length === 0 ? [{ model: '', blocked: {} as Record<string, number> }] : targets;
        return rows.map(({ model, blocked, ...measured }, at) => (
          <tr key={`${name} ${model}`}>
            <th scope="row">{at === 0 ? name : <span class="visually-hidden">{name}</span>}</th>
            <td class="is-name">{model || <span class="muted">no class uses it</span>}</td>
            <td class="is-name">
              {model !== '' && <StateOf isBad={sumOf(blocked) > 0} words={blockWords(blocked)} />}
            </td>
            <td>{formatMs('firstTokenMs' in measured ? measured.firstTokenMs : undefined)}</td>
            <td title={wordsOf(attempts)}>{at === 0 && formatCount(sumOf(attempts))}</td>
            <td>{at === 0 && (sumOf(attempts) === 0 ? '–' : formatPercent(shareOf(attempts, 'ok')))}</td>
            <td>{at === 0 && formatUsd(costMicroUsd)}</td>
          </tr>
        ));
      })}
    </Table>
  );
}

const blockNames: Readonly<Record<string, string>> = {
  broken: 'open: it failed too often',
  limited: 'it asked to be left alone',
  full: 'as many calls wait as may',
};
const blockWords = (blocked: Readonly<Record<string, number>>): string =>
  Object.keys(blocked)
    .map((reason) => blockNames[reason] ?? reason)
    .join(', ') || 'closed';

function Counted({ counts: { refusals, calls, closes } }: { counts: RefusalList }) {
  return (
    <>
      <Table label="Refusals by reason" title="Refusals" columns={['Reason', 'Status', ...figures('Times')]}>
        {refusals.map(({ code, status, count }) => (
          <CountRow key={`${code} ${status}`} words={[code, String(status)]} count={count} />
        ))}
        {refusals.length === 0 && <NoneRow columns={3}>Nobody was refused anything.</NoneRow>}
      </Table>
      {calls.length > 0 && (
        <Table
          label="Refused calls by reason, key and class"
          title="Refused calls"
          columns={['Reason', 'Key', 'Class', ...figures('Times')]}
        >
          {calls.map(({ code, key, class: name, count }) => (
            <CountRow
              key={`${code} ${key} ${name}`}
              words={[code, key || 'not known', name || 'not known']}
              count={count}
            />
          ))}
        </Table>
      )}
      <Table
        label="Ends of sessions by reason"
        title="Ends of sessions"
        columns={['Reason', 'Code', ...figures('Times')]}
      >
        {closes.map(({ reason, code, count }) => (
          <CountRow key={`${reason} ${code}`} words={[reason, String(code)]} count={count} />
        ))}
        {closes.length === 0 && <NoneRow columns={3}>No session has ended.</NoneRow>}
      </Table>
    </>
  );
}

function CountRow({ words: [first, ...rest], count }: { words: readonly string[]; count: number }) {
  return (
    <tr>
      <th scope="row">{first}</th>
      {rest.map((word, at) => (
        <td key={`${at} ${word}`} class="is-name">
          {word}
        </td>
      ))}
      <td>{formatCount(count)}</td>
    </tr>
  );
}

function NoneRow({ columns, children }: { columns: number; children: ComponentChildren }) {
  return (
    <tr>
      <td class="is-name muted" colSpan={columns}>
        {children}
      </td>
    </tr>
  );
}

function StateOf({ isBad, words }: { isBad: boolean; words: string }) {
  return <span class={`state-word ${isBad ? 'state-bad' : 'state-open'}`}>{words}</span>;
}

type Counts = Readonly<Record<string, number>>;

const sumOf = (counts: Counts): number => Object.values(counts).reduce((sum, count) => sum + count, 0);

/** Part of what has a name; 1 where nothing was counted. */
const shareOf = (counts: Counts, name: string): number => {
  const sum = sumOf(counts);
  return sum === 0 ? 1 : (counts[name] ?? 0) / sum;
};

const wordsOf = (counts: Counts): string =>
  Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
