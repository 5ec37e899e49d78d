// Tests which words are found by their form, and which are not.

import { describe, expect, test } from 'vitest';
import { WORD_KINDS, type WordKind } from '../../../../../../server/config/side/words-schema.ts';
import { wordRules } from '../../../../../../server/side/llm/steps/redact/rules.ts';

const found = (text: string, kind: WordKind): string[] =>
  wordRules({ kinds: [kind] })
    .find(text)
    .map(({ from, to }) => text.slice(from, to));

const FOUND: readonly (readonly [WordKind, string, readonly string[]])[] = [
  ['email', 'Write to ada.lovelace+news@example.co.uk, please.', ['ada.lovelace+news@example.co.uk']],
  ['email', '<jürgen@müller.example>', ['jürgen@müller.example']],
  ['email', 'https://x.example/?m=bob%40example.com&n=1', ['bob%40example.com']],
  ['email', "It is 'o'brien@example.com'.", ["o'brien@example.com"]],
  ['email', 'a@b.co b@c.de', ['a@b.co', 'b@c.de']],
  ['email', 'ada@EXAMPLE.XN--P1AI', ['ada@EXAMPLE.XN--P1AI']],
  ['email', '@handle, a@localhost, at @example.com', []],
  ['phone', 'Call +49 (0)30 23125-000 or +1 415-555-2671!', ['+49 (0)30 23125-000', '+1 415-555-2671']],
  ['phone', '0049 171 2345678', ['0049 171 2345678']],
  ['phone', '(415) 555-2671, 415.555.2672, 4155552673', ['(415) 555-2671', '415.555.2672', '4155552673']],
  [
    'phone',
    'tel 020 7946 0958; mobil 0171/2345678; 01 23 45 67 89',
    ['020 7946 0958', '0171/2345678', '01 23 45 67 89'],
  ],
  ['phone', '2024-01-15 10:30:00, 01.02.2024 10:30, 1700000000, 3.14159265358979, 12345', []],
  ['phone', '1700000000000 and a4155552671', []],
  ['card', 'Visa 4111 1111 1111 1111, Amex 3782-822463-10005', ['4111 1111 1111 1111', '3782-822463-10005']],
  ['card', 'No. 12 4111111111111111 12/26', ['4111111111111111']],
  ['card', '4111111111111111 5500005555555559', ['4111111111111111', '5500005555555559']],
  ['card', '4111 1111 1111 1112 and 1234567890123', []],
  ['iban', 'to DE89 3704 0044 0532 0130 00 as soon as possible', ['DE89 3704 0044 0532 0130 00']],
  ['iban', 'gb29nwbk60161331926819', ['gb29nwbk60161331926819']],
  ['iban', 'DE88 3704 0044 0532 0130 00', []],
  ['ip', 'from 192.168.0.1, 10.0.0.255. And 2001:db8::1.', ['192.168.0.1', '10.0.0.255', '2001:db8::1']],
  ['ip', '[::1]:8080 and ::ffff:1.2.3.4', ['::1', '::ffff:1.2.3.4']],
  ['ip', '256.1.1.1, 10:30:00, std::vector, 1.2.3', []],
  ['us-ssn', 'SSN 123-45-6789 or 123 45 6789', ['123-45-6789', '123 45 6789']],
  ['us-ssn', '000-12-3456, 666-12-3456, 900-12-3456, 123-00-4567, 123-45-0000, 1123-45-6789', []],
];

test.each(FOUND)('Of the kind %s, "%s" holds %j.', (kind, text, words) => {
  expect(found(text, kind)).toEqual(words);
});

test('Words that overlap are one, so that no end of a longer one is left.', () => {
  const rules = wordRules({ patterns: { head: 'ORD-\\d{3}', tail: '\\d{6}' } });
  const text = 'ORD-123456 and 654321';
  expect(rules.find(text).map(({ from, to, kind }) => [text.slice(from, to), kind])).toEqual([
    ['ORD-123456', 'head'],
    ['654321', 'tail'],
  ]);
});

describe('Time', () => {
  const LENGTH = 200_000;
  test.each(['a', '1', '1 ', 'a.', 'a@', 'a@a.', '+1', '0', '4111 ', 'DE12 ', '::', '1:', '1.', '(', 'a%40', '-', "'"])(
    'A text of "%s" alone is searched in proportion to its length.',
    (piece) => {
      const rules = wordRules({ kinds: [...WORD_KINDS] });
      // A search of quadratic time would take hours for this, and the test its limit.
      expect(Array.isArray(rules.find(piece.repeat(LENGTH / piece.length)))).toBe(true);
    },
  );
});
