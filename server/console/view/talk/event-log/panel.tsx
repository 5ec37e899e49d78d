// The panel of the event log: every frame of the session, to filter, open and save.

import { useMemo, useState } from 'preact/hooks';
import { type EventLog, foldTurns, type LogFilter, toJsonl } from '../../../state/event-log.ts';
import { Button } from '../../components/button.tsx';
import { useTick } from '../../components/use-tick.ts';
import { NewestFirst, TurnRow } from './rows.tsx';

export function EventLogPanel({ log, running }: { log: EventLog; running: boolean }) {
  useTick(250, running);
  const [filter, setFilter] = useState<LogFilter>({ text: '', direction: 'both', audio: false });
  const { total } = log;
  // `total` stands for the log's content, which is not a value of its own.
  const entries = useMemo(() => log.select(filter), [log, filter, total]);
  const groups = useMemo(() => foldTurns(entries), [entries]);
  const newest = groups.at(-1);
  return (
    <section class="panel event-log" aria-labelledby="log-title" data-frames={total}>
      <div class="panel-head">
        <h2 id="log-title">Event log</h2>
        <p class="muted">
          {entries.length} of {total} frames
        </p>
        <Button
          icon="download"
          look="button-small"
          disabled={entries.length === 0}
          onClick={() => save(toJsonl(entries))}
        >
          Export JSONL
        </Button>
      </div>
      <Filter log={log} filter={filter} setFilter={setFilter} />
      <ol class="events">
        <NewestFirst
          items={groups}
          row={(group) => <TurnRow key={group.turn} group={group} isOpen={group === newest || filter.text !== ''} />}
        />
      </ol>
      {entries.length === 0 && <p class="empty">{total === 0 ? 'No frames yet.' : 'No frame fits the filter.'}</p>}
    </section>
  );
}

interface FilterProps {
  readonly log: EventLog;
  readonly filter: LogFilter;
  setFilter(filter: LogFilter): void;
}

function Filter({ log, filter, setFilter }: FilterProps) {
  const [keepAudio, setKeepAudio] = useState(log.keepAudio);
  const keep = (checked: boolean) => {
    log.keepAudio = checked;
    setKeepAudio(checked);
  };
  return (
    <div class="log-filter">
      <input
        type="search"
        aria-label="Filter events by text"
        placeholder="Filter by text"
        value={filter.text}
        onInput={(event) => setFilter({ ...filter, text: event.currentTarget.value })}
      />
      <select
        aria-label="Direction"
        value={filter.direction}
        onChange={(event) => setFilter({ ...filter, direction: event.currentTarget.value as LogFilter['direction'] })}
      >
        <option value="both">both ways</option>
        <option value="upstream">to provider</option>
        <option value="downstream">from provider</option>
      </select>
      <label class="check">
        <input
          type="checkbox"
          checked={filter.audio}
          onChange={(event) => setFilter({ ...filter, audio: event.currentTarget.checked })}
        />
        <span>audio frames</span>
      </label>
      <label class="check" title="Otherwise the log holds the length of the audio only. Counts for frames from now on.">
        <input type="checkbox" checked={keepAudio} onChange={(event) => keep(event.currentTarget.checked)} />
        <span>keep audio data</span>
      </label>
    </div>
  );
}

function save(jsonl: string): void {
  const url = URL.createObjectURL(new Blob([jsonl], { type: 'application/jsonl' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `trunkline-events-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}.jsonl`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
