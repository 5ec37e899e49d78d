// The panel of the event log: every frame of the session, to filter, open and save.

import type { ComponentChildren } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import {
  type EventLog,
  foldRuns,
  type LogEntry,
  type LogFilter,
  type Run,
  toJsonl,
  toPretty,
} from '../../state/event-log.ts';
import { formatBytes } from '../../state/format.ts';
import { Button } from '../components/button.tsx';
import { Icon } from '../components/icon.tsx';
import { useTick } from '../components/use-tick.ts';

const pageSize = 150;

export function EventLogPanel({ log, running }: { log: EventLog; running: boolean }) {
  useTick(250, running);
  const [filter, setFilter] = useState<LogFilter>({ text: '', direction: 'both', audio: false });
  const [shown, setShown] = useState(pageSize);
  const { total } = log;
  // `total` stands for the log's content, which is not a value of its own.
  const entries = useMemo(() => log.select(filter), [log, filter, total]);
  const runs = useMemo(() => foldRuns(entries), [entries]);
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
        {runs
          .slice(-shown)
          .toReversed()
          .map((run) => (
            <RunRow key={run[0].seq} run={run} />
          ))}
        {runs.length > shown && (
          <li class="event-more">
            <button type="button" class="button button-small" onClick={() => setShown(shown + pageSize)}>
              Show {Math.min(pageSize, runs.length - shown)} earlier
            </button>
          </li>
        )}
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

/** A single event, or a line for all events of a run, which opens to them. */
function RunRow({ run }: { run: Run }) {
  const [open, setOpen] = useState(false);
  const [first] = run;
  const { length } = run;
  return useMemo(() => {
    if (length === 1) return <EventRow entry={first} />;
    const bytes = run.reduce((sum, entry) => sum + entry.bytes, 0);
    return (
      <li class="event-run" data-direction={first.direction} data-type={first.type} data-count={length}>
        <EventHead entry={first} count={length} bytes={bytes} open={open} toggle={() => setOpen(!open)} />
        {open && (
          <ol class="event-list">
            {run.toReversed().map((entry) => (
              <EventRow key={entry.seq} entry={entry} />
            ))}
          </ol>
        )}
      </li>
    );
    // The length stands for the content of a run, which only grows.
  }, [open, first, length]);
}

function EventRow({ entry }: { entry: LogEntry }) {
  const [open, setOpen] = useState(false);
  return useMemo(() => {
    const { direction, type, bytes, binary, text } = entry;
    return (
      <li class="event" data-direction={direction} data-type={type}>
        <EventHead entry={entry} bytes={bytes} open={open} toggle={() => setOpen(!open)} />
        {open && (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard
          <pre class="event-body" tabIndex={0}>
            {binary ? `binary frame\n${toPretty(text)}` : toPretty(text)}
          </pre>
        )}
      </li>
    );
  }, [open, entry]);
}

interface HeadProps {
  /** The event, or the first of several. */
  readonly entry: LogEntry;
  readonly count?: number;
  readonly bytes: number;
  readonly open: boolean;
  toggle(): void;
}

function EventHead({ entry: { atMs, direction, type }, count, bytes, open, toggle }: HeadProps) {
  const isUp = direction === 'upstream';
  return (
    <button type="button" class="event-head" aria-expanded={open} onClick={toggle}>
      <span class="event-time">{(atMs / 1000).toFixed(3)}</span>
      <span class="event-direction">
        <Icon name={isUp ? 'up' : 'down'} />
        <span class="visually-hidden">{isUp ? 'to provider' : 'from provider'}</span>
      </span>
      <span class="event-type" title={type}>
        {withBreaks(type)}
      </span>
      {count !== undefined && <span class="event-count">×{count}</span>}
      <span class="event-bytes">{formatBytes(bytes)}</span>
    </button>
  );
}

/** A name that may be broken into lines at its joints. Its last part tells events apart, so it is never cut. */
function withBreaks(name: string): ComponentChildren {
  return name.split(/(?<=[._ ])/).flatMap((part, index) => (index === 0 ? [part] : [<wbr key={part} />, part]));
}

function save(jsonl: string): void {
  const url = URL.createObjectURL(new Blob([jsonl], { type: 'application/jsonl' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `trunkline-events-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}.jsonl`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
