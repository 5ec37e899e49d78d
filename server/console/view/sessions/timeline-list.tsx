// The entries of a timeline in words, of the kinds that are chosen.

import { useState } from 'preact/hooks';
import { type EntryKind, entryKinds, type TimelineItem } from '../../api/sessions.ts';
import { kindWords, sentenceOf, standsOut } from '../../state/timeline/timeline.ts';
import { Icon } from '../components/icon.tsx';

/** There are many of these, and few say anything. */
const hiddenAtFirst: readonly EntryKind[] = ['round-trip', 'usage'];

export function TimelineList({ entries }: { entries: readonly TimelineItem[] }) {
  const [hidden, setHidden] = useState(hiddenAtFirst);
  const from = Date.parse(entries[0]?.at ?? '');
  const kinds = entryKinds.filter((kind) => entries.some((entry) => entry.kind === kind));
  const toggle = (kind: EntryKind) =>
    setHidden(hidden.includes(kind) ? hidden.filter((other) => other !== kind) : [...hidden, kind]);
  // An entry that stands out is never hidden.
  const shown = entries.filter((entry) => !hidden.includes(entry.kind) || standsOut(entry));
  return (
    <>
      <fieldset class="group-choice">
        <legend class="visually-hidden">Kinds of entries</legend>
        {kinds.map((kind) => (
          <label key={kind} class="chip">
            <input type="checkbox" checked={!hidden.includes(kind)} onChange={() => toggle(kind)} />
            <span>
              {kindWords[kind]} {entries.filter((entry) => entry.kind === kind).length}
            </span>
          </label>
        ))}
      </fieldset>
      <ol class="entries">
        {shown.map((entry, at) => (
          <li key={`${entry.at} ${entry.kind} ${at}`} class={standsOut(entry) ? 'entry entry-bad' : 'entry'}>
            <time class="figure muted" dateTime={entry.at}>
              {offset(Date.parse(entry.at) - from)}
            </time>
            <span>
              {standsOut(entry) && <Icon name="warning" />} {sentenceOf(entry)}
            </span>
          </li>
        ))}
      </ol>
    </>
  );
}

/** Minutes, seconds and tenths since the first entry. */
function offset(ms: number): string {
  const tenths = Math.round(ms / 100);
  const minutes = Math.floor(tenths / 600);
  return `${minutes}:${((tenths % 600) / 10).toFixed(1).padStart(4, '0')}`;
}
