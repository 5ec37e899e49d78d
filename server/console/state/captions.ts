// The captions: what was said and written, in the order in which it was said. Transcripts may arrive late,
// so a caption takes its place when its speech is noticed, not when its words come.

import type { Truncation } from '../../../client/playback/playback-tracker.ts';
import type { CaptionEvent, ReplyStatus } from '../dialects/dialect.ts';

export interface Caption {
  readonly id: string;
  readonly side: 'you' | 'provider' | 'tool';
  readonly text: string;
  readonly final: boolean;
  readonly spoken: boolean;
  /** Milliseconds of the reply that were played before it was interrupted. */
  readonly truncatedAtMs?: number;
  /** Reason why the reply ended early. */
  readonly endedBy?: string;
}

export const maxCaptions = 400;

export type Captions = readonly Caption[];

/** Applies a piece of a transcript; the first piece makes the caption. */
export function applyCaption(captions: Captions, event: CaptionEvent, spoken: boolean): Captions {
  const { itemId: id, side, delta = '', final } = event;
  const at = captions.findIndex((caption) => caption.id === id);
  const old = captions[at];
  const text = event.text ?? (old?.text ?? '') + delta;
  if (old !== undefined) return captions.with(at, { ...old, text, final: final || old.final });
  return text === '' && final ? captions : insert(captions, { id, side, text, final, spoken }, event.before);
}

/** Adds an empty caption for words of the caller that are still to come, unless it is there. */
export function reserveCaption(captions: Captions, id: string): Captions {
  if (captions.some((caption) => caption.id === id)) return captions;
  return insert(captions, { id, side: 'you', text: '', final: false, spoken: true });
}

/** Adds what was written: a message of the caller, or the answer of a function. */
export function addWrittenCaption(captions: Captions, caption: Pick<Caption, 'id' | 'side' | 'text'>): Captions {
  return insert(captions, { ...caption, final: true, spoken: false });
}

/** Marks where the playback of a reply stopped. */
export function markTruncation(captions: Captions, { itemId, playedMs }: Truncation): Captions {
  const at = captions.findIndex((caption) => caption.id === itemId);
  const old = captions[at];
  return old === undefined ? captions : captions.with(at, { ...old, truncatedAtMs: playedMs, final: true });
}

/** Marks all captions of the provider as final, since no more words will come; drops those without words. `lastId`: the last of the reply. */
export function finishReplies(captions: Captions, status: ReplyStatus, lastId: string | undefined): Captions {
  return captions.flatMap((caption) => {
    if (caption.side !== 'provider') return [caption];
    if (caption.text === '' && !caption.final) return [];
    // The text may have been called complete before: a provider also ends the words of a reply that it cancels.
    if (caption.id !== lastId || status === 'completed') return [finished(caption)];
    return [{ ...caption, endedBy: status === 'cancelled' ? 'interrupted' : status, final: true }];
  });
}

/** Marks all captions as final at the end of the session; drops those without words. */
export function finishCaptions(captions: Captions): Captions {
  return captions.filter((caption) => caption.text !== '' || caption.final).map(finished);
}

function finished(caption: Caption): Caption {
  return caption.final ? caption : { ...caption, final: true };
}

function insert(captions: Captions, caption: Caption, before?: string): Captions {
  const at = captions.findIndex(({ id }) => id === before);
  return captions.toSpliced(at === -1 ? captions.length : at, 0, caption).slice(-maxCaptions);
}
