// The headers of W3C Trace Context: what counts, and what counts as not there.

import { describe, expect, test } from 'vitest';
import { readTraceParent, traceParentText } from '../../../codecs/text/trace-parent.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const spanId = '00f067aa0ba902b7';
const whole = `00-${traceId}-${spanId}-01`;

describe('a traceparent', () => {
  test('is read and written as it was', () => {
    const read = readTraceParent(whole, 'vendor=1');
    expect(read).toEqual({ traceId, spanId, isSampled: true, state: 'vendor=1' });
    expect(read && traceParentText(read)).toBe(whole);
    expect(readTraceParent(`00-${traceId}-${spanId}-02`)?.isSampled).toBe(false);
  });

  test('of a later version may have more behind its flags', () => {
    expect(readTraceParent(`01-${traceId}-${spanId}-03-more`)).toMatchObject({ traceId, isSampled: true });
  });

  test.each([
    '',
    'none',
    `ff-${traceId}-${spanId}-01`,
    `00-${traceId.toUpperCase()}-${spanId}-01`,
    `00-${'0'.repeat(32)}-${spanId}-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `${whole}-more`,
    `${whole} `,
    `${whole}, ${whole}`,
  ])('that is none counts as not there: %j', (text) => {
    expect(readTraceParent(text)).toBeUndefined();
  });

  test('goes without a tracestate that is too long, or could end a header', () => {
    for (const state of ['a='.padEnd(513, 'x'), 'a=1\r\nx: y', 'a=é', ''])
      expect(readTraceParent(whole, state)).toEqual({ traceId, spanId, isSampled: true, state: undefined });
  });
});
