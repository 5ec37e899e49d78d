// Takes members out of the objects of a JSON message, or gives them other values, without parsing it: all other bytes stay as they are.

import { COLON, COMMA, OPEN_BRACE, QUOTE, skipSpace, stringEnd, stringText, valueEnd } from './bytes.ts';

/** The members to take out, by their keys; `true`: the member itself, else those within. Lists on the way are entered. */
export type MemberPlaces = { readonly [key: string]: true | MemberPlaces };

interface Member {
  readonly key: string | undefined;
  readonly start: number;
  readonly valueAt: number;
  readonly end: number;
}

/** Bytes from and to an index. */
type Cut = readonly [from: number, to: number];

const OPEN_BRACKET = 0x5b;

/** Returns the message without these members; undefined where it has none of them. What is no JSON any more is left as it is. */
export function withoutMembers(data: Buffer, places: MemberPlaces): Buffer | undefined {
  const cuts = cutsIn(data, skipSpace(data, 0), places);
  if (cuts.length === 0) return undefined;
  const kept = cuts.map(([from], index) => data.subarray(cuts[index - 1]?.[1] ?? 0, from));
  return Buffer.concat([...kept, data.subarray(cuts.at(-1)?.[1])]);
}

/**
 * Returns the message, which is an object that has each key once, with this text as the value of its own member of that key; one that has none
 * gets it as the first.
 */
export function withMember(data: Buffer, key: string, value: string): Buffer {
  const open = skipSpace(data, 0);
  const members = membersOf(data, open);
  const found = members.find((member) => member.key === key);
  const text = JSON.stringify(value);
  if (found !== undefined)
    return Buffer.concat([data.subarray(0, found.valueAt), Buffer.from(text), data.subarray(found.end)]);
  const first = `${JSON.stringify(key)}:${text}${members.length === 0 ? '' : ','}`;
  return Buffer.concat([data.subarray(0, open + 1), Buffer.from(first), data.subarray(open + 1)]);
}

/** The quotes around the text of a member. */
export interface StringMember {
  readonly open: number;
  readonly close: number;
}

/** Finds a member of the object whose value is a string, without reading that; undefined where it has none. */
export function stringMember(data: Buffer, key: string): StringMember | undefined {
  const found = membersOf(data, skipSpace(data, 0)).find((member) => member.key === key);
  return found !== undefined && data[found.valueAt] === QUOTE
    ? { open: found.valueAt, close: found.end - 1 }
    : undefined;
}

function cutsIn(data: Buffer, at: number, places: MemberPlaces): Cut[] {
  if (data[at] === OPEN_BRACKET) return itemsOf(data, at).flatMap((item) => cutsIn(data, item, places));
  if (data[at] !== OPEN_BRACE) return [];
  const members = membersOf(data, at);
  const placeOf = ({ key }: Member) => (key !== undefined && Object.hasOwn(places, key) ? places[key] : undefined);
  const lastKept = members.findLastIndex((member) => placeOf(member) !== true);
  return members.flatMap((member, index) => {
    const place = placeOf(member);
    if (place === undefined) return [];
    if (place !== true) return cutsIn(data, member.valueAt, place);
    if (index < lastKept) return [[member.start, members[index + 1]?.start ?? member.end] as const];
    // Nothing stays behind it: the comma before it goes.
    return index === lastKept + 1
      ? [[members[lastKept]?.end ?? at + 1, members.at(-1)?.end ?? member.end] as const]
      : [];
  });
}

/** The members of the object that begins here, as far as they can be read. */
export function membersOf(data: Buffer, open: number): Member[] {
  const members: Member[] = [];
  let start = skipSpace(data, open + 1);
  while (data[start] === QUOTE) {
    const keyEnd = stringEnd(data, start);
    const colon = keyEnd < 0 ? data.length : skipSpace(data, keyEnd + 1);
    if (data[colon] !== COLON) break;
    const valueAt = skipSpace(data, colon + 1);
    const end = valueEnd(data, valueAt);
    if (end < 0) break;
    members.push({ key: stringText(data, start, keyEnd), start, valueAt, end });
    start = nextStart(data, end);
  }
  return members;
}

/** The places of the items of the list that begins here. */
export function itemsOf(data: Buffer, open: number): number[] {
  const items: number[] = [];
  let at = skipSpace(data, open + 1);
  while (at < data.length) {
    const end = valueEnd(data, at);
    if (end < 0) break;
    items.push(at);
    at = nextStart(data, end);
  }
  return items;
}

/** The index behind a comma; the length where none follows. */
function nextStart(data: Buffer, end: number): number {
  const comma = skipSpace(data, end);
  return data[comma] === COMMA ? skipSpace(data, comma + 1) : data.length;
}
