// The words of one turn.

import { expect, test } from 'vitest';
import { Turn } from '../../../../server/session/tap/turn.ts';

test('bounds the text of each side', () => {
  const turn = new Turn(10);
  turn.add({ role: 'user', text: '123456' }, 0);
  turn.add({ role: 'user', text: '123456' }, 0);
  turn.add({ role: 'assistant', text: '1234567', isPartial: true }, 0);
  turn.add({ role: 'assistant', text: '1234567', isPartial: true }, 0);
  expect([turn.text('user'), turn.text('assistant')]).toEqual(['123456\n1234', '1234567123']);
});

test('is complete once every transcript that it expects has come', () => {
  const turn = new Turn(100);
  turn.expectTranscript('i1', 0);
  expect([turn.isComplete, turn.expects('i1')]).toEqual([false, true]);
  turn.add({ role: 'user', text: 'hello', item: 'i1' }, 5);
  expect([turn.isComplete, turn.expects('i1'), turn.text('user')]).toEqual([true, false, 'hello']);
});
