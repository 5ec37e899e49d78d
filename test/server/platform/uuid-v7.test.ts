// Ids: UUIDs of version 7 that sort by the time they were made.

import { afterEach, expect, test, vi } from 'vitest';
import { newId } from '../../../server/platform/uuid-v7.ts';

afterEach(() => vi.useRealTimers());

test('makes UUIDs of version 7 that carry the time', () => {
  const before = Date.now();
  const id = newId();
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const ms = Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);
  expect(ms).toBeGreaterThanOrEqual(before);
  expect(ms).toBeLessThanOrEqual(Date.now() + 1000);
});

test('makes each id larger than the one before, within a millisecond and after the clock was set back', () => {
  vi.useFakeTimers({ now: Date.now() + 60_000, toFake: ['Date'] });
  const ids = Array.from({ length: 20_000 }, newId);
  vi.setSystemTime(Date.now() - 30_000);
  ids.push(...Array.from({ length: 20_000 }, newId));
  expect(ids.every((id, index) => index === 0 || id > (ids[index - 1] as string))).toBe(true);
});
