// Ultravox in the conformance suite, and what its mint takes. Whole sessions by it: relayed-mint.test.ts.

import { expect, test } from 'vitest';
import { ultravox } from '../../../../adapters/realtime/ultravox/adapter.ts';
import { barePlace } from '../../../support/minted.ts';
import { conformance } from '../conformance.ts';
import { ultravoxCall } from './conversation.ts';

conformance(ultravox, {
  dialects: { 'ultravox-call': ultravoxCall },
  httpError: ({ code, message, help }) => ({ detail: message, code, help }),
});

const bounds = { now: 1000, openSeconds: 60, maxOpenSeconds: 3600, maxUses: 1000 };
const read = (body: object) => ultravox.mints?.[0]?.read({ ...body }, bounds, barePlace);

test('a call over WebSocket is made, with the rates of its sound', () => {
  const medium = { serverWebSocket: { inputSampleRate: 16_000, outputSampleRate: 24_000 } };
  expect(read({ medium })).toMatchObject({ model: 'ultravox', sound: { upstream: 32_000, downstream: 48_000 } });
  const same = { serverWebSocket: { inputSampleRate: 8000 } };
  expect(read({ medium: same, model: 'm' })).toMatchObject({
    model: 'm',
    sound: { upstream: 16_000, downstream: 16_000 },
  });
});

test.each([{}, { medium: {} }, { medium: { webRtc: {} } }, { medium: { serverWebSocket: {}, twilio: {} } }])(
  'a call by another medium is refused: %j',
  (body) => {
    expect(read(body)).toMatchObject({ field: 'medium', expected: 'serverWebSocket and nothing else' });
  },
);

test('an agent that is kept there has its id for a model, and none beside it', () => {
  const medium = { serverWebSocket: { inputSampleRate: 8000 } };
  const ask = (body: object, agent_id: string) =>
    ultravox.mints?.[1]?.read({ ...body }, bounds, { query: {}, parameters: { agent_id } });
  expect(ask({ medium }, 'a-1')).toMatchObject({ model: 'a-1', sound: { upstream: 16_000 } });
  expect(ask({ medium, model: 'm' }, 'a-1')).toMatchObject({ field: 'model' });
  expect(ask({ medium }, 'a*')).toMatchObject({ field: 'agent_id' });
  expect(ask({}, 'a-1')).toMatchObject({ field: 'medium' });
});
