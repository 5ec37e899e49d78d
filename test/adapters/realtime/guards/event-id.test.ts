// Reading a client's event id.

import { expect, test } from 'vitest';
import { eventIdOf } from '../../../../adapters/realtime/guards/event-id.ts';

test('only a short string is an event id', () => {
  expect(eventIdOf({ event_id: 'e' })).toBe('e');
  for (const value of [{ event_id: 7 }, { event_id: 'e'.repeat(513) }, {}, [], null, 'x']) {
    expect(eventIdOf(value)).toBeUndefined();
  }
});
