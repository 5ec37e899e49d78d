// Captions stand in the order in which things were said, whenever their words arrive.

import { expect, test } from 'vitest';
import type { CaptionEvent } from '../../../../server/console/dialects/dialect.ts';
import {
  addWrittenCaption,
  applyCaption,
  type Captions,
  finishCaptions,
  finishReplies,
  markTruncation,
  maxCaptions,
  reserveCaption,
} from '../../../../server/console/state/captions.ts';

const caption = (itemId: string, rest: Partial<CaptionEvent>): CaptionEvent => ({
  kind: 'caption',
  side: 'provider',
  itemId,
  final: false,
  ...rest,
});
const texts = (entries: Captions) => entries.map(({ text }) => text);

test('deltas are appended, and a whole text replaces them', () => {
  let entries = applyCaption([], caption('a', { delta: 'Hel' }), true);
  entries = applyCaption(entries, caption('a', { delta: 'lo' }), true);
  expect(entries).toEqual([{ id: 'a', side: 'provider', text: 'Hello', final: false, spoken: true }]);
  entries = applyCaption(entries, caption('a', { text: 'Hello.', final: true }), true);
  expect(entries).toMatchObject([{ text: 'Hello.', final: true }]);
});

test('late words of the caller take the place that was reserved for them', () => {
  let entries = reserveCaption([], 'you');
  entries = applyCaption(entries, caption('reply', { delta: 'Hi' }), true);
  entries = applyCaption(entries, caption('you', { side: 'you', text: 'he was', final: true }), true);
  expect(texts(entries)).toEqual(['he was', 'Hi']);
  expect(reserveCaption(entries, 'you')).toBe(entries);
});

test('words may be placed before a reply that has begun', () => {
  let entries = applyCaption([], caption('reply', { delta: 'Hi' }), true);
  entries = applyCaption(entries, caption('you', { side: 'you', delta: 'he was', before: 'reply' }), true);
  expect(texts(entries)).toEqual(['he was', 'Hi']);
});

test('an empty final piece makes no caption', () => {
  expect(applyCaption([], caption('a', { delta: '', final: true }), true)).toEqual([]);
});

test('a truncation is marked on the reply that was playing', () => {
  const entries = applyCaption([], caption('a', { delta: 'Hello' }), true);
  const cut = { itemId: 'a', contentIndex: 0, playedMs: 740, receivedMs: 3000 };
  expect(markTruncation(entries, cut)).toMatchObject([{ truncatedAtMs: 740, final: true }]);
  expect(markTruncation(entries, { ...cut, itemId: 'gone' })).toBe(entries);
});

test('the end of a reply makes its captions final, drops empty ones, and marks the one that was interrupted', () => {
  let entries = applyCaption([], caption('a', { delta: 'One' }), true);
  entries = applyCaption(entries, caption('b', { delta: '' }), true);
  entries = reserveCaption(entries, 'you');
  expect(finishReplies(entries, 'completed', undefined)).toMatchObject([
    { text: 'One', final: true },
    { id: 'you', final: false },
  ]);
  const complete = applyCaption(entries, caption('a', { text: 'One', final: true }), true);
  expect(finishReplies(complete, 'cancelled', 'a')).toMatchObject([
    { text: 'One', endedBy: 'interrupted' },
    { id: 'you' },
  ]);
});

test('the end of the session makes all captions final', () => {
  const entries = reserveCaption(applyCaption([], caption('a', { delta: 'One' }), true), 'you');
  expect(finishCaptions(entries)).toMatchObject([{ text: 'One', final: true }]);
});

test('the number of captions is bounded', () => {
  let entries: Captions = [];
  for (let i = 0; i < maxCaptions + 5; i++)
    entries = addWrittenCaption(entries, { id: `w${i}`, side: 'you', text: `${i}` });
  expect(entries).toHaveLength(maxCaptions);
  expect(entries[0]?.text).toBe('5');
});
