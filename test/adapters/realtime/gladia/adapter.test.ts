// Gladia in the conformance suite, and what its mint takes. Whole sessions by it: relayed-mint.test.ts.

import { expect, test } from 'vitest';
import { gladia } from '../../../../adapters/realtime/gladia/adapter.ts';
import { barePlace } from '../../../support/minted.ts';
import { conformance } from '../conformance.ts';
import { gladiaLive } from './conversation.ts';

conformance(gladia, {
  dialects: { 'gladia-live': gladiaLive },
  httpError: ({ status, code, message, help }) => ({ statusCode: status, message, code, help }),
});

const bounds = { now: 1000, openSeconds: 60, maxOpenSeconds: 3600, maxUses: 1000 };
const read = (body: object) => gladia.mints?.[0]?.read({ ...body }, bounds, barePlace);

test.each([
  [{}, 32_000],
  [{ encoding: 'wav/pcm', sample_rate: 8000, bit_depth: 24, channels: 2 }, 24_000],
  [{ encoding: 'wav/ulaw', sample_rate: 8000, bit_depth: 8 }, 8000],
])('a second of sound of one channel in %j has %i bytes', (body, upstream) => {
  expect(read(body)).toMatchObject({ model: 'solaria-1', uses: 100, sound: { upstream } });
});

test('a session may name a model', () => {
  expect(read({ model: 'other' })).toMatchObject({ model: 'other' });
  expect(read({ model: 7 })).toMatchObject({ field: 'model' });
});
