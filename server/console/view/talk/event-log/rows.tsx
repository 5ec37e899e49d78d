// The rows of the event log: a heading for each turn, which opens to its events, a line for events of one type that follow each other, and each event.

import type { ComponentChildren } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { EventRun, LogEntry, TurnGroup } from '../../../state/event-log.ts';
import { toPretty } from '../../../state/event-log.ts';
import { formatBytes } from '../../../state/format.ts';
import { Icon } from '../../components/icon.tsx';

const pageSize = 150;

interface NewestFirstProps<Item> {
  readonly items: readonly Item[];
  row(item: Item): ComponentChildren;
}

/** Rows of the newest items, and a button for earlier ones. */
export function NewestFirst<Item>({ items, row }: NewestFirstProps<Item>) {
  const [shown, setShown] = useState(pageSize);
  return (
    <>
      {items.slice(-shown).toReversed().map(row)}
      {items.length > shown && (
        <li class="event-more">
          <button type="button" class="button button-small" onClick={() => setShown(shown + pageSize)}>
            Show {Math.min(pageSize, items.length - shown)} earlier
          </button>
        </li>
      )}
    </>
  );
}

/** `isOpen`: as long as nobody has opened or closed it. */
export function TurnRow({ group, isOpen }: { group: TurnGroup; isOpen: boolean }) {
  const [chosen, choose] = useState<boolean>();
  const { turn, runs, frames, bytes, atMs } = group;
  const open = chosen ?? isOpen;
  return (
    <li class="event-turn" data-turn={turn}>
      <h3>
        <button type="button" class="event-head" aria-expanded={open} onClick={() => choose(!open)}>
          <span class="event-opens">
            <Icon name="chevron" />
          </span>
          <span class="event-time">{seconds(atMs)}</span>
          <span class="event-type">{turn === 0 ? 'Before the first turn' : `Turn ${turn}`}</span>
          <span class="event-bytes">
            {frames} {frames === 1 ? 'frame' : 'frames'}, {formatBytes(bytes)}
          </span>
        </button>
      </h3>
      {open && (
        // A turn in which something was opened stays open when the next one begins.
        // biome-ignore lint/a11y/useKeyWithClickEvents: clicks of the buttons inside, which keys make too
        <ol class="event-list" onClick={() => choose(true)}>
          <NewestFirst items={runs} row={(run) => <RunRow key={run[0].seq} run={run} />} />
        </ol>
      )}
    </li>
  );
}

/** A single event, or a line for all events of a run, which opens to them. */
function RunRow({ run }: { run: EventRun }) {
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
      <span class="event-time">{seconds(atMs)}</span>
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

const seconds = (ms: number): string => (ms / 1000).toFixed(3);
