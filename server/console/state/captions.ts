// What was said and written, as captions in the order in which it was said. Transcripts may arrive late,
// so a caption takes its place when its speech is noticed, not when its words come.

import type { CaptionEvent, Cut } from '../dialects/dialect.ts';

export interface Entry {
  readonly id: string;
  readonly side: 'you' | 'provider' | 'tool' | 'note';
  readonly text: string;
  readonly final: boolean;
  readonly spoken: boolean;
  /** The reply was cut off here. */
  readonly cutAtMs?: number;
  /** Why the reply ended early. */
  readonly ending?: string;
}

/** Why the reply whose last words these are ended early. */
export interface Ending {
  readonly itemId: string;
  readonly why: string;
}

export const maxEntries = 400;

export type Conversation = readonly Entry[];

/** Applies a piece of a transcript; a first piece makes the entry. */
export function applyCaption(entries: Conversation, event: CaptionEvent, spoken: boolean): Conversation {
  const at = entries.findIndex((entry) => entry.id === event.itemId);
  const old = entries[at];
  if (old === undefined) {
    const text = event.text ?? event.delta ?? '';
    if (text === '' && event.final) return entries;
    return insert(entries, { id: event.itemId, side: event.side, text, final: event.final, spoken }, event.before);
  }
  const text = event.text ?? old.text + (event.delta ?? '');
  return entries.with(at, { ...old, text, final: event.final || old.final });
}

/** A place for words that are still to come; nothing when it is already there. */
export function reserve(entries: Conversation, id: string, side: 'you' | 'provider'): Conversation {
  if (entries.some((entry) => entry.id === id)) return entries;
  return insert(entries, { id, side, text: '', final: false, spoken: true }, undefined);
}

export function addWritten(entries: Conversation, id: string, text: string): Conversation {
  return insert(entries, { id, side: 'you', text, final: true, spoken: false }, undefined);
}

export function addTool(entries: Conversation, id: string, text: string): Conversation {
  return insert(entries, { id, side: 'tool', text, final: true, spoken: false }, undefined);
}

export function addNote(entries: Conversation, id: string, text: string): Conversation {
  return insert(entries, { id, side: 'note', text, final: true, spoken: false }, undefined);
}

/** Marks where playback of a reply stopped. */
export function applyCut(entries: Conversation, cut: Cut): Conversation {
  const at = entries.findIndex((entry) => entry.id === cut.itemId);
  const old = entries[at];
  return old === undefined ? entries : entries.with(at, { ...old, cutAtMs: cut.playedMs, final: true });
}

/** No more words will come for anything of the provider. */
export function settleReplies(entries: Conversation, ending: Ending | undefined): Conversation {
  return entries.flatMap((entry) => {
    if (entry.side !== 'provider') return [entry];
    if (entry.text === '' && !entry.final) return [];
    // Its text may have been called complete before: a provider ends the words of what it cancels, too.
    if (entry.id === ending?.itemId) return [{ ...entry, ending: ending.why, final: true }];
    return entry.final ? [entry] : [{ ...entry, final: true }];
  });
}

/** The session is over: whatever was open stays as it is. */
export function settleAll(entries: Conversation): Conversation {
  return entries
    .filter((entry) => entry.text !== '' || entry.final)
    .map((entry) => (entry.final ? entry : { ...entry, final: true }));
}

function insert(entries: Conversation, entry: Entry, before: string | undefined): Conversation {
  const at = before === undefined ? -1 : entries.findIndex(({ id }) => id === before);
  return entries.toSpliced(at === -1 ? entries.length : at, 0, entry).slice(-maxEntries);
}
