// Sessions that the store knows, newest first, in pages: those of a key, or all for the operator.

import { useEffect, useState } from 'preact/hooks';
import type { Api } from '../../api/ask.ts';
import type { ListedSession, SessionList } from '../../api/sessions.ts';
import { formatClock, formatMoment, formatUsd, providerLabel } from '../../state/format.ts';
import { endedBadly } from '../../state/timeline/timeline.ts';
import { Button } from '../components/button.tsx';
import { Field, Options, Segments } from '../components/field.tsx';
import { Nothing, Sheet, Trouble } from '../components/sheet.tsx';
import { Table } from '../components/table.tsx';
import { useAnswer } from '../components/use-answer.ts';
import { sessionPlace } from '../views.ts';
import { StateWord } from './session-page.tsx';

const pageLength = 50;
const spans = [
  ['P1D', '1 day'],
  ['P7D', '7 days'],
  ['P30D', '30 days'],
] as const;

interface Filter {
  readonly state: '' | 'open' | 'closed';
  readonly since: string;
  readonly model: string;
  readonly key: string;
  readonly endUser: string;
  readonly tag: string;
}
const noFilter: Filter = { state: '', since: 'P7D', model: '', key: '', endUser: '', tag: '' };

export function SessionsPage({ api, words }: { api: Api; words: string }) {
  const [filter, setFilter] = useState(noFilter);
  const [older, setOlder] = useState<readonly string[]>([]);
  const [earlier, setEarlier] = useState<readonly ListedSession[]>([]);
  const before = older.at(-1);
  const page = useAnswer<SessionList>(api, `/sessions?${queryOf(filter, before)}`);
  const shown = [...earlier, ...(page.value?.sessions ?? [])];
  const change = (part: Partial<Filter>) => {
    setFilter({ ...filter, ...part });
    setOlder([]);
    setEarlier([]);
  };
  const next = page.value?.next ?? undefined;
  const goOn = (id: string) => {
    setEarlier(shown);
    setOlder([...older, id]);
  };
  const bar = (
    <FilterBar
      api={api}
      filter={filter}
      change={change}
      reload={() => (earlier.length > 0 ? change({}) : page.reload())}
    />
  );
  return (
    <Sheet name="sessions" title="Sessions" words={words} isAsking={page.isAsking} bar={bar}>
      <Trouble answer={page.answer} />
      {page.answer?.kind === 'ok' && shown.length === 0 && (
        <Nothing title="No session fits">Choose a longer time, or fewer filters.</Nothing>
      )}
      {shown.length > 0 && <SessionTable sessions={shown} isOperator={api.prefix === ''} />}
      {next !== undefined && (
        <p class="older">
          <Button icon="down" onClick={() => goOn(next)} disabled={page.isAsking}>
            Older ones
          </Button>
        </p>
      )}
    </Sheet>
  );
}

function queryOf({ since, ...words }: Filter, before: string | undefined): string {
  const given = Object.entries({ ...words, before: before ?? '' }).filter(([, value]) => value !== '');
  return new URLSearchParams([['limit', String(pageLength)], ['since', since], ...given]).toString();
}

interface FilterBarProps {
  readonly api: Api;
  readonly filter: Filter;
  change(part: Partial<Filter>): void;
  reload(): void;
}

function FilterBar({ api, filter, change, reload }: FilterBarProps) {
  return (
    <form
      class="filters"
      onSubmit={(event) => {
        event.preventDefault();
        reload();
      }}
    >
      <Segments
        name="since"
        legend="Time"
        value={filter.since}
        choices={spans.map(([value, label]) => [value, label])}
        onChoose={(since) => change({ since })}
      />
      <Field id="filter-state" label="State">
        <select
          id="filter-state"
          value={filter.state}
          onChange={(event) => change({ state: event.currentTarget.value as Filter['state'] })}
        >
          <Options
            of={[
              ['', 'any'],
              ['open', 'live'],
              ['closed', 'ended'],
            ]}
          />
        </select>
      </Field>
      <FilterText id="filter-model" label="Model" value={filter.model} onChoose={(model) => change({ model })} />
      {api.prefix === '' && (
        <FilterText id="filter-key" label="Key" value={filter.key} onChoose={(key) => change({ key })} />
      )}
      <FilterText
        id="filter-user"
        label="End user"
        value={filter.endUser}
        onChoose={(endUser) => change({ endUser })}
      />
      <FilterText
        id="filter-tag"
        label="Tag"
        placeholder="name:value"
        value={filter.tag}
        onChoose={(tag) => change({ tag })}
      />
      <Button icon="again" type="submit">
        Refresh
      </Button>
    </form>
  );
}

interface FilterTextProps {
  readonly id: string;
  readonly label: string;
  readonly value: string;
  readonly placeholder?: string;
  onChoose(value: string): void;
}

/** Asks when the reader is done with the text. */
function FilterText({ id, label, value, placeholder = 'any', onChoose }: FilterTextProps) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  return (
    <Field id={id} label={label}>
      <input
        id={id}
        type="text"
        placeholder={placeholder}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onChange={() => text.trim() !== value && onChoose(text.trim())}
      />
    </Field>
  );
}

function SessionTable({ sessions, isOperator }: { sessions: readonly ListedSession[]; isOperator: boolean }) {
  const names = ['Started', 'State', ...(isOperator ? ['Key'] : []), 'Model', 'End user'];
  return (
    <Table label="Sessions" columns={[...names, { figure: 'Lasted' }, { figure: 'Cost' }, 'Closed']}>
      {sessions.map((session) => (
        <Row key={session.id} session={session} isOperator={isOperator} />
      ))}
    </Table>
  );
}

function Row({ session, isOperator }: { session: ListedSession; isOperator: boolean }) {
  const { id, key, model, provider, endUser, startedAt, endedAt, durationMs, reason, closeCode, costMicroUsd } =
    session;
  const lasted = durationMs ?? (endedAt === undefined ? undefined : Date.parse(endedAt) - Date.parse(startedAt));
  return (
    <tr>
      <th scope="row">
        <a href={sessionPlace(id)}>{formatMoment(startedAt)}</a>
      </th>
      <td class="is-name">
        <StateWord session={session} />
      </td>
      {isOperator && <td class="is-name">{key ?? <span class="muted">none</span>}</td>}
      <td class="is-name">{model ?? <span class="muted">{providerLabel(provider)}</span>}</td>
      <td class="is-name">{endUser ?? <span class="muted">–</span>}</td>
      <td>{lasted === undefined ? <span class="muted">–</span> : formatClock(lasted)}</td>
      <td class={costMicroUsd === undefined ? 'muted' : ''}>
        {costMicroUsd === undefined ? 'unknown' : formatUsd(costMicroUsd)}
      </td>
      <td class="is-name">
        {reason === undefined ? (
          <span class="muted">–</span>
        ) : (
          <span class={endedBadly(reason, closeCode) ? 'ended-badly' : ''}>{reason}</span>
        )}{' '}
        {closeCode !== undefined && <span class="muted">{closeCode}</span>}
      </td>
    </tr>
  );
}
