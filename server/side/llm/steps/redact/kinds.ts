// Finds words by their form: addresses, and numbers that check themselves. Rule: each search takes time in proportion to the text, whatever the
// text is, and rather takes a word too many than leaves one.

import { isIP } from 'node:net';
import type { WordKind } from '../../../../config/side/words-schema.ts';

/** Where a word begins and ends in a text, and the rule that found it. */
export interface FoundWord {
  readonly from: number;
  readonly to: number;
  readonly kind: string;
}

export type FindWords = (text: string) => FoundWord[];

const found = (kind: string, match: RegExpExecArray, length = match[0].length): FoundWord => ({
  from: match.index,
  to: match.index + length,
  kind,
});

/** Finds all that a regular expression with the flag g matches, and a check of the matched text lets pass. */
export const finderOf =
  (kind: string, pattern: RegExp, isWord: (match: string) => boolean = () => true): FindWords =>
  (text) =>
    [...text.matchAll(pattern)].flatMap((match) =>
      match[0] !== '' && isWord(match[0]) ? [found(kind, match as RegExpExecArray)] : [],
    );

/** RFC 5322 without quotes, with letters of any script, and with the `%40` of a URL. */
const EMAIL =
  /(?<![\p{L}\p{M}\p{N}_+%])[\p{L}\p{N}_+%][\p{L}\p{M}\p{N}_%+.'-]{0,63}(?:@|%40)(?:[\p{L}\p{N}][\p{L}\p{M}\p{N}-]{0,62}\.)+[\p{L}\p{M}\p{N}-]{2,63}/gu;

const SEPARATOR = String.raw`[ \u00a0\u2009\u202f().\/\u2010-\u2015-]`;
/** E.164 with `+` or `00`, as it is written: up to three signs between two digits. */
const INTERNATIONAL = new RegExp(
  String.raw`(?<![\p{L}\p{N}+])\(?(?:\+|00)${SEPARATOR}{0,2}[1-9](?:${SEPARATOR}{0,3}\d){6,14}(?!\d)`,
  'gu',
);
/** Ten digits of the North American plan, whose area code and exchange begin with 2 to 9. */
const NORTH_AMERICAN = new RegExp(
  String.raw`(?<![\p{L}\p{N}])(?:1${SEPARATOR}{0,2})?\(?[2-9]\d{2}${SEPARATOR}{0,2}[2-9]\d{2}${SEPARATOR}{0,2}\d{4}(?![\p{L}\p{N}])`,
  'gu',
);
/** Numbers within a country that has a trunk prefix 0. */
const TRUNK = new RegExp(
  String.raw`(?<![\p{L}\p{N}.,:]|\d${SEPARATOR})\(?0[1-9](?:${SEPARATOR}{0,2}\d){7,10}(?![\p{L}\p{N}]|${SEPARATOR}?\d)`,
  'gu',
);
const DATE = /^0?\d{1,2}[./-]\d{1,2}[./-]\d{4}/;

const PHONES = [
  finderOf('phone', INTERNATIONAL),
  finderOf('phone', NORTH_AMERICAN),
  finderOf('phone', TRUNK, (text) => !DATE.test(text)),
];

const CARD_DIGITS = { least: 13, most: 19 };
const CARD_RUN = /(?<![\p{L}\p{N}])\d(?:[ \u00a0.\u2010-\u2015-]{0,2}\d){12,}/gu;

/** Runs of digits with groups: each part of whole groups is tried, since an amount or a date may stand beside the card. */
function findCards(text: string): FoundWord[] {
  return [...text.matchAll(CARD_RUN)].flatMap(({ 0: run, index }) => cardsIn(run, index));
}

function cardsIn(run: string, offset: number): FoundWord[] {
  const groups = [...run.matchAll(/\d+/g)].map(({ 0: digits, index }) => ({ digits, from: index }));
  const cards: FoundWord[] = [];
  for (let first = 0; first < groups.length; first++) {
    const last = lastOfCard(groups, first);
    const [head, tail] = [groups[first], last === undefined ? undefined : groups[last]];
    if (head === undefined || last === undefined || tail === undefined) continue;
    cards.push({ from: offset + head.from, to: offset + tail.from + tail.digits.length, kind: 'card' });
    first = last;
  }
  return cards;
}

interface Group {
  readonly digits: string;
  readonly from: number;
}

/** The index of the last group of the longest card that begins with a group. */
function lastOfCard(groups: readonly Group[], first: number): number | undefined {
  let digits = '';
  let last: number | undefined;
  for (let at = first; at < groups.length && digits.length < CARD_DIGITS.most; at++) {
    digits += groups[at]?.digits ?? '';
    if (digits.length >= CARD_DIGITS.least && digits.length <= CARD_DIGITS.most && hasLuhn(digits)) last = at;
  }
  return last;
}

/** ISO/IEC 7812-1, annex B. */
function hasLuhn(digits: string): boolean {
  let sum = 0;
  for (let at = 0; at < digits.length; at++) {
    const digit = digits.charCodeAt(digits.length - 1 - at) - 48;
    const doubled = at % 2 === 0 ? digit : digit * 2;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

const IBAN_RUN = /(?<![\p{L}\p{N}])[A-Z]{2}\d{2}(?:[ \u00a0-]?[A-Z0-9]){11,30}/giu;
const LEAST_IBAN = 15;

/** ISO 13616. Words behind it look like groups of it, so the longest beginning that its check digits fit is taken. */
function findIbans(text: string): FoundWord[] {
  return [...text.matchAll(IBAN_RUN)].flatMap((match) => {
    const [run] = match;
    for (let length = run.length; length >= LEAST_IBAN; length--) {
      const isInside = /[A-Z0-9]/i.test(text[match.index + length] ?? '');
      if (isInside) continue;
      if (hasIbanCheck(run.slice(0, length).replace(/[ \u00a0-]/g, ''))) return [found('iban', match, length)];
    }
    return [];
  });
}

/** ISO 7064, MOD 97-10. */
function hasIbanCheck(iban: string): boolean {
  if (iban.length < LEAST_IBAN) return false;
  let rest = 0;
  for (const sign of iban.slice(4) + iban.slice(0, 4)) {
    const value = Number.parseInt(sign, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}

const IPV4 =
  /(?<![\p{L}\p{N}.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\p{L}\p{N}]|\.\d)/gu;
const IPV6 = /(?<![\p{L}\p{N}:.])(?=[0-9a-f:]{0,4}:)[0-9a-f:.]{3,45}(?![\p{L}\p{N}:])/giu;

/** The point at the end of a sentence is none of an address. */
function findIpv6(text: string): FoundWord[] {
  return [...text.matchAll(IPV6)].flatMap((match) => {
    const address = match[0].replace(/[.:]+$/, (end) => (end.startsWith('::') ? '::' : ''));
    const isAddress = /[0-9a-f]/i.test(address) && isIP(address) === 6;
    return isAddress ? [found('ip', match, address.length)] : [];
  });
}

/** Areas, groups and serials that were given out: https://www.ssa.gov/employer/randomization.html */
const US_SSN = /(?<!\d|\d-)(?!000|666|9\d\d)\d{3}([ \u2010-\u2015-])(?!00)\d{2}\1(?!0000)\d{4}(?!\d|-\d)/gu;

export const FIND_KIND: Readonly<Record<WordKind, readonly FindWords[]>> = {
  email: [finderOf('email', EMAIL)],
  phone: PHONES,
  card: [findCards],
  iban: [findIbans],
  ip: [finderOf('ip', IPV4), findIpv6],
  'us-ssn': [finderOf('us-ssn', US_SSN)],
};
