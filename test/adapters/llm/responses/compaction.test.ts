// Tests compactions of the gateway's own: what stays beside a summary, that it comes back in its place, and that what was broken on its way stays.

import { expect, test } from 'vitest';
import { compactionOf, summaryInput, withoutCompactions } from '../../../../adapters/llm/responses/compaction.ts';
import type { JsonObject } from '../../../../codecs/json/object.ts';
import { compactionSchema, faultsOf } from '../../../support/open-responses.ts';

const items = [
  { type: 'message', role: 'user', content: 'Grüße' },
  { type: 'message', role: 'assistant', content: 'Ja' },
];
const next = { type: 'message', role: 'user', content: 'Weiter' };
const usage = {
  ...{ input_tokens: 9, input_tokens_details: { cached_tokens: 0 } },
  ...{ output_tokens: 2, output_tokens_details: { reasoning_tokens: 0 }, total_tokens: 11 },
};
const compact = (of: readonly JsonObject[], summary = 'Es grünt.') =>
  compactionOf(of, { summary, usage, createdAtMs: 5000 }) as JsonObject & { output: JsonObject[] };
const compacted = () => compact(items).output[0] as JsonObject;
const summaryMessage = { type: 'message', role: 'user', content: expect.stringMatching(/summary.*\n\nEs grünt\.$/) };

test('a compaction fits its schema, and what the user said comes back in its place, with the summary', () => {
  const made = compact(items);
  expect(faultsOf(compactionSchema, made)).toEqual([]);
  expect(faultsOf(compactionSchema, compactionOf(items, { summary: 'x', usage: null, createdAtMs: 1 }))).toEqual([]);
  expect(made).toMatchObject({ created_at: 5, usage, output: [{ type: 'compaction' }] });
  expect(withoutCompactions([...made.output, next])).toEqual([items[0], summaryMessage, next]);
});

test('a second summary takes the place of the first', () => {
  const before = withoutCompactions([...compact(items).output, next, items[1]]) as JsonObject[];
  expect(withoutCompactions(compact(before).output)).toEqual([items[0], next, summaryMessage]);
});

test('a call that waits for its output stays behind the summary, and the model is not asked about it', () => {
  const call = (id: string) => ({ type: 'function_call', call_id: id, name: 'look', arguments: '{}' });
  const output = { type: 'function_call_output', call_id: 'a', output: 'seen' };
  const shell = { type: 'shell_call', call_id: 'c', action: { commands: ['ls'] } };
  const all = [...items, call('a'), output, call('b'), shell];
  expect(compact(all).output).toEqual([expect.objectContaining({ type: 'compaction' }), call('b'), shell]);
  expect(summaryInput(all)).toEqual([
    ...items,
    call('a'),
    output,
    expect.objectContaining({ role: 'user', content: expect.stringContaining('Sum up') }),
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
  const item = compacted();
  const sent = { ...item, encrypted_content: broken(String(item.encrypted_content)) };
  expect(withoutCompactions([sent, next])).toEqual([sent, next]);
});
