// Results of side tasks, read into something to show.

import { expect, test } from 'vitest';
import { readResult } from '../../../../server/console/api/task-result.ts';

test.each([
  ['title', { title: 'A call' }, { shape: 'text', text: 'A call', points: [] }],
  ['summary', { summary: 'Long.', points: ['One.'] }, { shape: 'text', text: 'Long.', points: ['One.'] }],
  ['rolling-summary', { summary: 'So far.', open: [] }, { shape: 'text', text: 'So far.', points: [] }],
  ['classification', { label: 'billing', confidence: 0.9 }, { shape: 'labels', labels: ['billing'], confidence: 0.9 }],
  ['classification', { labels: ['a', 'b'] }, { shape: 'labels', labels: ['a', 'b'], confidence: undefined }],
  [
    'sentiment-and-outcome',
    { sentiment: 'mixed', outcome: 'resolved' },
    { shape: 'verdict', sentiment: 'mixed', outcome: 'resolved', reason: '' },
  ],
  [
    'action-items',
    {
      items: [
        { action: 'Call back', owner: 'assistant', due: null },
        { what: 'Pay', who: 'user', when: 'today' },
      ],
    },
    {
      shape: 'items',
      items: [
        { what: 'Call back', who: 'assistant', when: '' },
        { what: 'Pay', who: 'user', when: 'today' },
      ],
    },
  ],
  ['action-items', { items: [] }, { shape: 'items', items: [] }],
  [
    'quality',
    { overall: 0.5, criteria: [{ name: 'brief', score: 2, reason: 'so' }, { name: 'kind' }] },
    {
      shape: 'score',
      overall: 0.5,
      criteria: [
        { name: 'brief', score: 1, reason: 'so' },
        { name: 'kind', score: undefined, reason: '' },
      ],
    },
  ],
  [
    'moderation',
    { flagged: true, severity: 'low', categories: ['hate'] },
    { shape: 'flags', flagged: true, words: ['low', 'hate'] },
  ],
  ['moderation', { flagged: false, severity: 'none' }, { shape: 'flags', flagged: false, words: [] }],
])('the result of %s is read: %j', (kind, result, shown) => {
  expect(readResult(kind, result)).toEqual(shown);
});

test('the result of another kind is shown by its names and values', () => {
  const fields = [
    { name: 'order', value: '17' },
    { name: 'items', value: 'a, b' },
    { name: 'none', value: '–' },
    { name: 'deep', value: '{\n  "x": 1\n}' },
  ];
  const result = { order: 17, items: ['a', 'b'], none: null, deep: { x: 1 } };
  expect(readResult('extraction', result)).toEqual({ shape: 'fields', fields });
  expect(readResult('my-own', 'plain words')).toEqual({ shape: 'text', text: 'plain words', points: [] });
});

test('a built-in kind of another shape is still shown, and no result shows nothing', () => {
  expect(readResult('summary', { text: 'other' })).toEqual({
    shape: 'fields',
    fields: [{ name: 'text', value: 'other' }],
  });
  expect(readResult('summary', undefined)).toBeUndefined();
});
