// The captions: what was said and written, in the order in which it was said. Transcripts may arrive late,
// so a caption takes its place when its speech is noticed, not when its words come.

import type { CaptionEvent, Truncation } from '../dialects/dialect.ts';

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

/** A reply that ended early: the caption with its last words, and the reason. */
export interface EarlyEnd {
  readonly itemId: string;
  readonly why: string;
}

export const maxCaptions = 400;

export type Captions = readonly Caption[];

/** Applies a piece of a transcript; the first piece makes the caption. */
export function applyCaption(captions: Captions, event: CaptionEvent, spoken: boolean): Captions {
  const at = captions.findIndex((caption) => caption.id === event.itemId);
  const old = captions[at];
  if (old === undefined) {
    const text = event.text ?? event.delta ?? '';
    if (text === '' && event.final) return captions;
    return insert(captions, { id: event.itemId, side: event.side, text, final: event.final, spoken }, event.before);
  }
  const text = event.text ?? old.text + (event.delta ?? '');
  return captions.with(at, { ...old, text, final: event.final || old.final });
}

/** Adds an empty caption for words that are still to come, unless it is there. */
export function reserveCaption(captions: Captions, id: string, side: 'you' | 'provider'): Captions {
  if (captions.some((caption) => caption.id === id)) return captions;
  return insert(captions, { id, side, text: '', final: false, spoken: true }, undefined);
}

export function addWrittenCaption(captions: Captions, id: string, text: string): Captions {
  return insert(captions, { id, side: 'you', text, final: true, spoken: false }, undefined);
}

export function addFunctionCaption(captions: Captions, id: string, text: string): Captions {
  return insert(captions, { id, side: 'tool', text, final: true, spoken: false }, undefined);
}

/** Marks where the playback of a reply stopped. */
export function markTruncation(captions: Captions, truncation: Truncation): Captions {
  const at = captions.findIndex((caption) => caption.id === truncation.itemId);
  const old = captions[at];
  return old === undefined ? captions : captions.with(at, { ...old, truncatedAtMs: truncation.playedMs, final: true });
}

/** Marks all captions of the provider as final, since no more words will come; drops those without words. */
export function finishReplies(captions: Captions, earlyEnd: EarlyEnd | undefined): Captions {
  return captions.flatMap((caption) => {
    if (caption.side !== 'provider') return [caption];
    if (caption.text === '' && !caption.final) return [];
    // The text may have been called complete before: a provider also ends the words of a reply that it cancels.
    if (caption.id === earlyEnd?.itemId) return [{ ...caption, endedBy: earlyEnd.why, final: true }];
    return caption.final ? [caption] : [{ ...caption, final: true }];
  });
}

/** Marks all captions as final at the end of the session; drops those without words. */
export function finishCaptions(captions: Captions): Captions {
  return captions
    .filter((caption) => caption.text !== '' || caption.final)
    .map((caption) => (caption.final ? caption : { ...caption, final: true }));
}

function insert(captions: Captions, caption: Caption, before: string | undefined): Captions {
  const at = before === undefined ? -1 : captions.findIndex(({ id }) => id === before);
  return captions.toSpliced(at === -1 ? captions.length : at, 0, caption).slice(-maxCaptions);
}
