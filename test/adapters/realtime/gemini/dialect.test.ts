// What the gateway itself may say to Gemini Live.

import { expect, test } from 'vitest';
import { liveDialect } from '../../../../adapters/realtime/gemini/dialect.ts';

test('a context is history that asks for no reply, behind the answer to the setup', () => {
  expect(liveDialect.context?.after).toBe('answered');
  const text = 'They said "hello".\n';
  expect(JSON.parse(liveDialect.context?.event(text) ?? '')).toEqual({
    clientContent: { turns: [{ role: 'user', parts: [{ text }] }], turnComplete: false },
  });
});
