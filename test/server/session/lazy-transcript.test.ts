// What a session holds before anything was said in it, and what is never looked at.

import { expect, test } from 'vitest';
import type { TurnFinished } from '../../../server/ipc/session-event.ts';
import { transcriptOnDemand } from '../../../server/session/lazy-transcript.ts';

test('a transcript is made with the first observation that tells of a turn', () => {
  let made = 0;
  const turns: TurnFinished[] = [];
  const transcript = transcriptOnDemand({
    get session() {
      made += 1;
      return 's';
    },
    keepsText: true,
    handOver: (turn) => turns.push(turn),
    used: () => ({ usage: {}, model: 'm' }),
  });
  transcript.observe({ type: 'session.created', model: 'm' }, 1);
  transcript.observe({ type: 'rate_limits.updated', usage: { inputTokens: 1 } }, 2);
  expect(made).toBe(0);
  transcript.observe({ type: 'conversation.item.create', utterances: [{ role: 'user', text: 'hello' }] }, 3);
  transcript.observe({ type: 'response.done', mark: 'turn-done' }, 4);
  expect([made, turns.length]).toEqual([1, 1]);
  transcript.finish(5);
  expect(turns).toHaveLength(1);
});

test('where no text is kept, nobody asks what was said', () => {
  const turns: TurnFinished[] = [];
  const transcript = transcriptOnDemand({
    session: 's',
    keepsText: false,
    handOver: (turn) => turns.push(turn),
    used: () => ({ usage: {}, model: 'm' }),
  });
  const reply = {
    type: 'response.output_text.done',
    mark: 'text',
    get utterances(): never {
      throw new Error('parsed for nothing');
    },
  } as const;
  transcript.observe(reply, 1);
  transcript.finish(2);
  expect(turns).toMatchObject([{ number: 1, user: undefined, assistant: undefined }]);
});
