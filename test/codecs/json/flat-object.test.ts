// Flat objects with known keys, and texts that only look like them.

import { describe, expect, test } from 'vitest';
import { flatKey, flatObjectEnd, hasBackslash } from '../../../codecs/json/flat-object.ts';

const shape = [flatKey('type', { value: 'append' }), flatKey('audio'), flatKey('event_id', { isRequired: false })];

function isShape(text: string): boolean {
  const data = Buffer.from(text);
  return flatObjectEnd(data, 0, shape) === data.length && !hasBackslash(data);
}

describe('flatObjectEnd', () => {
  test.each([
    '{"type":"append","audio":"QUJD"}',
    '{"type":"append","audio":""}',
    '{"audio":"QUJD","type":"append"}',
    '{"event_id":"e","type":"append","audio":"QUJD"}',
    '{"type": "append", "audio": "QUJD", "event_id": "e"}',
    '{\n  "type" : "append",\r\n\t"audio" : "QUJD"\n}',
    `{"type":"append","audio":"${'QUJD'.repeat(50_000)}"}`,
  ])('accepts %.60s', (text) => {
    expect(isShape(text)).toBe(true);
  });

  test.each([
    '',
    '{}',
    '[]',
    '{"type":"append"}',
    '{"audio":"QUJD"}',
    '{"type":"other","audio":"QUJD"}',
    '{"type":"appen","audio":"QUJD"}',
    '{"type":"append","audio":"QUJD","audio":"QUJD"}',
    '{"type":"append","type":"append","audio":"QUJD"}',
    '{"type":"append","audio":"QUJD","more":"x"}',
    '{"type":"append","audio":"QUJD","more":{}}',
    '{"type":"append","audio":"QUJD","event_id":1}',
    '{"type":"append","audio":"QUJD","event_id":null}',
    '{"type":"append","audio":["QUJD"]}',
    '{"type":"append","audio":"QUJD",}',
    '{"type":"append","audio":"QUJD"',
    '{"type":"append","audio":"QUJD',
    '{"type":"append" "audio":"QUJD"}',
    '{"type":"append","audio":"QUJD"}}',
    '{"type":"append","audio":"QU\\u004aD"}',
    '{"type":"append","audio":"QUJD\\"}',
    '{"typ\\u0065":"append","audio":"QUJD"}',
    ' {"type":"append","audio":"QUJD"}',
  ])('refuses %j', (text) => {
    expect(isShape(text)).toBe(false);
  });
});
