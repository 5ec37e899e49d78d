// Events of a log out of streams that are written in other ways than OpenAI writes them.

import { expect, test } from 'vitest';
import { RunEventReader, typeOfEvent } from '../../../../server/side/runs/event-reader.ts';

const own = { id: 'resp_own', previous: undefined, isKept: true, isBackground: false };

test('an event is what its data says, whatever name the endpoint gives it', () => {
  const reader = new RunEventReader(own);
  const block = (event: object) => Buffer.from(`event: message\ndata: ${JSON.stringify(event)}\n\n`);
  const events = [
    { type: 'response.created', sequence_number: 0, response: { id: 'resp_theirs', status: 'in_progress' } },
    { type: 'response.output_text.delta', sequence_number: 1, delta: 'Hello' },
    { sequence_number: 2, type: 'response.completed', response: { id: 'resp_theirs', status: 'completed' } },
  ].flatMap((event) => reader.push(block(event)));
  expect(events.map(({ type }) => type)).toEqual([
    'response.created',
    'response.output_text.delta',
    'response.completed',
  ]);
  expect(reader.hasEnded).toBe(true);
  expect(JSON.stringify(events)).not.toContain('resp_theirs');
});

const read = (reader: RunEventReader, events: readonly object[], name = 'message') =>
  events.flatMap((event) => reader.push(Buffer.from(`event: ${name}\ndata: ${JSON.stringify(event)}\n\n`)));

test.each([
  ['without a status', { id: 'r' }],
  ['with a status that its event belies', { id: 'r', status: 'in_progress' }],
])('the end of an answer %s says how it ended', (_, response) => {
  const reader = new RunEventReader(own);
  const [event] = read(reader, [{ type: 'response.completed', response }]);
  expect(JSON.parse(event?.data ?? '')).toMatchObject({ sequence_number: 0, response: { status: 'completed' } });
  expect([reader.hasEnded, reader.response?.status]).toEqual([true, 'completed']);
});

test('the end of an answer without the answer is none', () => {
  const reader = new RunEventReader(own);
  expect(read(reader, [{ type: 'response.completed', sequence_number: 0 }])).toEqual([]);
  expect(reader.hasEnded).toBe(false);
});

test('an event has its type and its one number in its data, whatever an endpoint writes', () => {
  const reader = new RunEventReader(own);
  const long = `response.${'x'.repeat(200)}`;
  const events = [
    ...read(reader, [{ delta: 'a' }], 'response.output_text.delta'),
    ...read(reader, [
      { type: 'x', inner: { sequence_number: 1 }, sequence_number: 7 },
      { type: long, sequence_number: 'two' },
      { type: 'with\nline', sequence_number: 3 },
    ]),
  ];
  expect(events.map(({ data }) => JSON.parse(data))).toEqual([
    { delta: 'a', type: 'response.output_text.delta', sequence_number: 0 },
    { type: 'x', inner: { sequence_number: 1 }, sequence_number: 1 },
    { type: long, sequence_number: 2 },
  ]);
  expect(events.map(({ data }) => typeOfEvent(data))).toEqual(events.map(({ type }) => type));
});

test('an event of any length is read: the last one of a long answer has all of it', () => {
  const reader = new RunEventReader(own);
  const response = { id: 'r', status: 'completed', output: [{ text: 'x'.repeat(5_000_000) }] };
  expect(read(reader, [{ type: 'response.completed', response }])).toHaveLength(1);
});
