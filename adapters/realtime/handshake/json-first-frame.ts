// Makes the form of first messages that are JSON objects with the credential in members of their own.

import { OPEN_BRACE, skipSpace } from '../../../codecs/json/bytes.ts';
import { withMember, withoutMembers } from '../../../codecs/json/members.ts';
import { isObject, type JsonObject } from '../../../codecs/json/object.ts';
import type { Frame } from '../../../codecs/websocket/frame.ts';
import type { Rejection } from '../contract/dialect.ts';
import type { FirstFrame, FirstFrameForm } from '../contract/first-frame.ts';
import type { Resource } from '../contract.ts';
import { mentions, readEvent } from '../guards/event-guard.ts';
import { schemeValue } from './credential.ts';

interface JsonForm extends Pick<FirstFrameForm, 'in' | 'refusalEvent'> {
  /** The keys of the members that may have the credential: that of the account goes into the first one. */
  readonly members: readonly [string, ...string[]];
  resources(event: JsonObject): readonly Resource[];
}

const NOTHING: FirstFrame = { resources: [] };

/** Changes the values of these members alone. A member that is not there is added as the first one; one without a new value goes. */
export function jsonFirstFrame({ members, resources, ...form }: JsonForm): FirstFrameForm {
  const [member, ...others] = members;

  function read({ data, binary }: Frame, isFirst: boolean): FirstFrame | Rejection {
    const text = data.toString();
    if (!isFirst && !mentions(text, members)) return NOTHING;
    const event = readEvent(text, { words: members, subject: 'a credential' });
    if (event !== undefined && 'code' in event) return event;
    const isText = !binary && data[skipSpace(data, 0)] === OPEN_BRACE;
    if (!isText || !isObject(event?.value)) return isFirst || event !== undefined ? noObject(members) : NOTHING;
    const { value } = event;
    const wrong = members.find((key) => typeof (value[key] ?? '') !== 'string');
    if (wrong !== undefined) return { code: 'unreadable_event', message: `${wrong} is not a string`, field: wrong };
    const [credential] = members.flatMap((key) => schemeless(value[key]));
    return { credential, resources: resources(value) };
  }

  return {
    ...form,
    read,
    write({ data, binary }, credential) {
      const bare = without(data, credential === undefined ? members : others);
      return { data: credential === undefined ? bare : withMember(bare, member, credential), binary };
    },
  };
}

function without(data: Buffer, keys: readonly string[]): Buffer {
  return withoutMembers(data, Object.fromEntries(keys.map((key) => [key, true]))) ?? data;
}

/** An empty text is no credential. */
function schemeless(value: unknown): readonly string[] {
  return typeof value === 'string' && value !== '' ? [schemeValue(value) ?? value] : [];
}

const noObject = (members: readonly string[]): Rejection => ({
  code: 'unreadable_event',
  message: `expected a text message with a JSON object that has the credential in ${members.join(' or ')}`,
});
