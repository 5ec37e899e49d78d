// Events of a log out of streams that are written in other ways than OpenAI writes them.

import { expect, test } from 'vitest';
import { RunEventReader } from '../../../../server/side/runs/event-reader.ts';

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
