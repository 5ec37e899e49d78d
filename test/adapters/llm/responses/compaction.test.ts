// Tests compactions of the gateway's own: what they hold comes back in its place, and what was broken on its way stays what it is.

import { expect, test } from 'vitest';
import { compactionOf, withoutCompactions } from '../../../../adapters/llm/responses/compaction.ts';
import type { JsonObject } from '../../../../codecs/json/object.ts';
import { compactionSchema, faultsOf } from '../../../support/open-responses.ts';

const items = [
  { type: 'message', role: 'user', content: 'Grüße' },
  { type: 'message', role: 'assistant', content: 'Ja' },
];
const next = { type: 'message', role: 'user', content: 'Weiter' };
const compacted = (held: readonly JsonObject[]) => (compactionOf(held, 5000).output as JsonObject[])[0] as JsonObject;

test('a compaction fits its schema, and what it holds comes back in its place', () => {
  expect(faultsOf(compactionSchema, compactionOf(items, 5000))).toEqual([]);
  expect(compactionOf(items, 5000)).toMatchObject({ created_at: 5, usage: { total_tokens: 0 } });
  expect(withoutCompactions([compacted(items), next])).toEqual([...items, next]);
  expect(withoutCompactions([compacted([compacted(items)])])).toEqual([
    expect.objectContaining({ type: 'compaction' }),
  ]);
});

test('items without one stay the same list, and so does one of a provider', () => {
  const list = [next, { type: 'compaction', encrypted_content: 'sealed elsewhere' }];
  expect(withoutCompactions(list)).toBe(list);
});

test.each([
  ['that is cut', (text: string) => text.slice(0, -20)],
  ['that holds no list', () => `trunkline.compaction.1.${Buffer.from('{}').toString('base64url')}`],
  [
    'that is nested too deep',
    () => `trunkline.compaction.1.${Buffer.from('['.repeat(5000) + ']'.repeat(5000)).toString('base64url')}`,
  ],
])('a compaction %s stays as it is', (_, broken) => {
  const item = compacted(items);
  const sent = { ...item, encrypted_content: broken(String(item.encrypted_content)) };
  expect(withoutCompactions([sent, next])).toEqual([sent, next]);
});
