// Tests how Cache-Control of a request is read.

import { expect, test } from 'vitest';
import { cacheControlOf } from '../../../../../server/side/runs/call/cache-control.ts';

const none = { noCache: false, noStore: false, maxAgeMs: undefined };

test.each([
  ['no-cache', { ...none, noCache: true }],
  ['No-Store , max-age=60', { ...none, noStore: true, maxAgeMs: 60_000 }],
  ['max-age="0"', { ...none, maxAgeMs: 0 }],
  ['max-age=-1, only-if-cached', none],
  ['max-age', none],
  ['', none],
  ['x-no-cache=1, ,=', none],
])('%s', (text, expected) => {
  expect(cacheControlOf(text)).toEqual(expected);
});
