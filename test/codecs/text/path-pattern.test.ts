// The matcher of `{name}` path patterns: what fits, what does not, and the parameters that come out.

import { describe, expect, test } from 'vitest';
import { pathPattern } from '../../../codecs/text/path-pattern.ts';

describe('a pattern without names', () => {
  test('fits the same path and gives no parameters', () => {
    expect(pathPattern('/v1/realtime')('/v1/realtime')).toEqual({});
  });

  test.each(['/v1/realtime/', '/v1/Realtime', '/v1', '/v1/realtime/calls', ''])('does not fit %j', (path) => {
    expect(pathPattern('/v1/realtime')(path)).toBeUndefined();
  });
});

describe('a pattern with names', () => {
  const match = pathPattern('/v1/calls/{id}/{action}');

  test('gives the segments by name, as they are in the path', () => {
    expect(match('/v1/calls/rtc_1/hang%20up')).toEqual({ id: 'rtc_1', action: 'hang%20up' });
  });

  test.each(['/v1/calls//accept', '/v1/calls/rtc_1', '/v1/calls/rtc_1/', '/v1/calls/rtc_1/accept/now', '/v1/call/a/b'])(
    'does not fit %s',
    (path) => {
      expect(match(path)).toBeUndefined();
    },
  );

  test('takes a brace in the path for an ordinary character', () => {
    expect(match('/v1/calls/{id}/{action}')).toEqual({ id: '{id}', action: '{action}' });
  });

  test('fits a name as the last segment and in the middle', () => {
    expect(pathPattern('/twilio/{token}')('/twilio/abc')).toEqual({ token: 'abc' });
    expect(pathPattern('/a/{b}/c')('/a/x/c')).toEqual({ b: 'x' });
    expect(pathPattern('/a/{b}/c')('/a/x/d')).toBeUndefined();
  });
});
