// Tests what the gateway itself may say to Gemini Live.

import { expect, test } from 'vitest';
import { geminiLiveDialect } from '../../../../adapters/realtime/gemini/dialect.ts';
import { eventOf } from '../../../support/frames.ts';

test('a context is history that asks for no reply, behind the answer to the setup', () => {
  const form = geminiLiveDialect.context?.kind === 'event' ? geminiLiveDialect.context : undefined;
  expect(form?.after).toBe('first-answer');
  const text = 'They said "hello".\n';
  expect(eventOf(form?.event(text))).toEqual({
    clientContent: { turns: [{ role: 'user', parts: [{ text }] }], turnComplete: false },
  });
});
