// Tests that no word of a rule is left in a call, wherever it stands.

import { expect, test } from 'vitest';
import type { LlmCall } from '../../../../../../adapters/llm/contract.ts';
import { redactCall, UnreadablePart } from '../../../../../../server/side/llm/steps/redact/request.ts';
import { wordRules } from '../../../../../../server/side/llm/steps/redact/rules.ts';
import { seededRandom } from '../../../../../support/random.ts';

const rules = wordRules({ kinds: ['email', 'card'], patterns: { order: 'ORD-\\d{6}' } });
const WORD = 'ada@example.com';

const callOf = (fields: Partial<LlmCall>): LlmCall => ({ messages: [], isStreamed: false, extra: {}, ...fields });
const redacted = (fields: Partial<LlmCall>, mayPass = false) => redactCall(callOf(fields), rules, mayPass);
const nativeOf = (body: Record<string, unknown>, form: 'responses' | 'messages' | 'embeddings' = 'responses') => ({
  native: { form, body },
});
const inBody = (body: Record<string, unknown>) => redacted(nativeOf(body)).llm.native?.body;

test('The same word has the same placeholder, and words are counted by their kind.', () => {
  const { llm, counts } = redacted({
    messages: [
      { role: 'user', content: `${WORD} bob@example.com ${WORD}` },
      { role: 'user', content: [{ type: 'text', text: 'ORD-123456 4111 1111 1111 1111' }] },
    ],
  });
  expect(llm.messages).toEqual([
    { role: 'user', content: '[email-1] [email-2] [email-1]' },
    { role: 'user', content: [{ type: 'text', text: '[order-1] [card-1]' }] },
  ]);
  expect(counts).toEqual({ email: 3, order: 1, card: 1 });
});

test('A conversation that grows keeps its placeholders, whatever the order of the fields is.', () => {
  const turn = { role: 'user', content: 'bob@example.com' };
  const body = (input: readonly object[]) => ({ input, instructions: WORD });
  const [one, two] = [inBody(body([turn])), inBody(body([turn, { role: 'user', content: 'eve@example.com' }]))];
  expect([one, two]).toEqual([
    { input: [{ role: 'user', content: '[email-2]' }], instructions: '[email-1]' },
    {
      input: [
        { role: 'user', content: '[email-2]' },
        { role: 'user', content: '[email-3]' },
      ],
      instructions: '[email-1]',
    },
  ]);
});

test('JSON within a text is read, so that its escapes hide nothing, and a number becomes a text.', () => {
  const call = {
    type: 'function_call',
    arguments: '{"to":"ada\\u0040example.com","card":4111111111111111,"n":1234567}',
  };
  expect(inBody({ input: [call] })?.input).toEqual([
    { type: 'function_call', arguments: '{"to":"[email-1]","card":"[card-1]","n":1234567}' },
  ]);
});

test('Keys of JSON are redacted, those of the protocol never.', () => {
  const own = wordRules({ patterns: { word: 'user|content|ada' } });
  const messages = [{ role: 'user', content: 'ada', tool_calls: [{ function: { arguments: '{"ada":1}' } }] }];
  const { llm } = redactCall(callOf({ messages, extra: { metadata: { ada: 'x' } } }), own, false);
  expect([llm.messages, llm.extra]).toEqual([
    [{ role: 'user', content: '[word-1]', tool_calls: [{ function: { arguments: '{"[word-1]":1}' } }] }],
    { metadata: { '[word-1]': 'x' } },
  ]);
});

test('Placeholders that the client wrote itself are no words of this call.', () => {
  const { llm, placeholders } = redacted({
    messages: [{ role: 'user', content: `[email-1] [EMAIL-a2] [order-7] ${WORD}` }],
  });
  expect(llm.messages).toEqual([{ role: 'user', content: '[email-1] [EMAIL-a2] [order-7] [email-b1]' }]);
  expect(placeholders.restore('[email-1] [email-b1] [Email-B1] [email-b2]')).toBe(
    `[email-1] ${WORD} ${WORD} [email-b2]`,
  );
});

test.each([
  [
    'messages[0].content[0]',
    { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }] },
  ],
  ['input[0].content[0]', nativeOf({ input: [{ content: [{ type: 'input_file', file_id: 'file_1' }] }] })],
  ['input[0].output[0]', nativeOf({ input: [{ type: 'function_call_output', output: [{ type: 'input_image' }] }] })],
  ['messages[0].content[0]', nativeOf({ messages: [{ content: [{ type: 'document', source: { type: 'url' } }] }] })],
  ['input', nativeOf({ input: [1, 2, 3] }, 'embeddings')],
  ['input', nativeOf({ input: [[1, 2, 3]] }, 'embeddings')],
])('What cannot be read is named, unless it may pass: %s.', (param, fields) => {
  const refused = () => redacted(fields as Partial<LlmCall>);
  expect(refused).toThrow(UnreadablePart);
  expect(refused).toThrow(`${param}: the words of`);
  expect(redacted(fields as Partial<LlmCall>, true).llm).toMatchObject(fields);
});

test('What an endpoint sealed, and data of images, keep their bytes; short ones are texts.', () => {
  const sealed = `${'A1'.repeat(40)}4111111111111111`;
  const input = [
    { type: 'reasoning', encrypted_content: sealed },
    { type: 'input_image', image_url: `data:image/png;base64,${sealed}` },
    { type: 'reasoning', encrypted_content: WORD },
    { type: 'input_image', image_url: `data:image/png;base64,${sealed} ${WORD}` },
  ];
  expect(redacted(nativeOf({ input }), true).llm.native?.body.input).toEqual([
    input[0],
    input[1],
    { type: 'reasoning', encrypted_content: '[email-1]' },
    { type: 'input_image', image_url: `data:image/png;base64,${sealed} [email-1]` },
  ]);
});

test('Whatever a call is made of, the words of its rules are nowhere in it, and restoring gives the call.', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = seededRandom(seed);
    const words = [WORD, 'ORD-123456', '4111 1111 1111 1111', 'bob@example.org', 'ORD-000001'];
    const names = ['text', 'content', 'input', 'metadata', 'arguments', 'a b', 'properties', 'name', 'tools'];
    const text = (): string =>
      Array.from({ length: random.below(4) }, () => random.pick([...words, 'plain', '[', '"quoted"', 'ü'])).join(
        random.pick([' ', ', ', '\n']),
      );
    const value = (depth: number): unknown => {
      const kind = random.below(depth > 3 ? 2 : 5);
      if (kind === 0) return text();
      if (kind === 1) return random.pick([1, true, null, 0.5]);
      if (kind === 2) return Array.from({ length: random.below(3) }, () => value(depth + 1));
      if (kind === 3) return JSON.stringify({ inner: value(depth + 1), [text() || 'k']: text() });
      return Object.fromEntries(names.slice(random.below(names.length)).map((name) => [name, value(depth + 1)]));
    };
    const body = { input: value(0), instructions: value(0), metadata: { [text() || 'key']: text() } };
    const { llm, placeholders } = redacted(nativeOf(body), true);
    const written = JSON.stringify(llm.native?.body);
    expect(words.filter((word) => written.includes(word))).toEqual([]);
    expect(JSON.parse(placeholders.restore(written))).toEqual(body);
  }
});

test('In JSON nothing but the words changes: numbers keep their digits, and blanks their places.', () => {
  const text = `{ "id":12345678901234567890,"x":1.0, "to" : "${WORD}", "in":"{\\"a\\":\\"a\\\\u0040b.example\\"}" }`;
  const { llm } = redacted({ messages: [{ role: 'user', content: text }] });
  expect(llm.messages).toEqual([
    {
      role: 'user',
      content: '{ "id":12345678901234567890,"x":1.0, "to" : "[email-1]", "in":"{\\"a\\":\\"[email-2]\\"}" }',
    },
  ]);
});

test.each([
  ['behind words', 'Result: {"to":"ada\\u0040example.com"}', 'Result: {"to":"[email-1]"}'],
  ['in lines', '{"to":"ada\\u0040example.com"}\n{"n":1}', '{"to":"[email-1]"}\n{"n":1}'],
  ['beside quotes that are none of JSON', 'He said "ada\\u0040example.com', 'He said "ada\\u0040example.com'],
])('A word that JSON writes with an escape is found %s.', (_where, text, expected) => {
  expect(redacted({ messages: [{ role: 'user', content: text }] }).llm.messages).toEqual([
    { role: 'user', content: expected },
  ]);
});
