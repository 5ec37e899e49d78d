// Makes the form of first messages that are JSON objects with the credential in a member of their own.

import { OPEN_BRACE, skipSpace } from '../../../codecs/json/bytes.ts';
import { withMember, withoutMembers } from '../../../codecs/json/members.ts';
import { isObject, type JsonObject } from '../../../codecs/json/object.ts';
import type { Frame } from '../../../codecs/websocket/frame.ts';
import type { Rejection } from '../contract/dialect.ts';
import type { FirstFrame, FirstFrameForm } from '../contract/first-frame.ts';
import type { Resource } from '../contract.ts';
import { mentions, readEvent } from '../guards/event-guard.ts';

interface JsonForm extends Pick<FirstFrameForm, 'in' | 'refusalEvent'> {
  /** The key of the member with the credential. */
  readonly member: string;
  /** The key of the member with the name of the first resource. */
  readonly nameMember?: string;
  resources(event: JsonObject): readonly Resource[];
}

const NOTHING: FirstFrame = { resources: [] };

/** Changes the values of the two members alone. A member that is not there is added as the first one; one without a new value goes. */
export function jsonFirstFrame({ member, nameMember, resources, ...form }: JsonForm): FirstFrameForm {
  const words = [member];

  function read({ data, binary }: Frame, isFirst: boolean): FirstFrame | Rejection {
    const text = data.toString();
    if (!isFirst && !mentions(text, words)) return NOTHING;
    const event = readEvent(text, { words, subject: 'a credential' });
    if (event !== undefined && 'code' in event) return event;
    const isText = !binary && data[skipSpace(data, 0)] === OPEN_BRACE;
    if (!isText || !isObject(event?.value)) return isFirst || event !== undefined ? noObject(member) : NOTHING;
    const credential = event.value[member];
    if (credential !== undefined && typeof credential !== 'string')
      return { code: 'unreadable_event', message: `${member} is not a string`, field: member };
    return { credential: credential || undefined, resources: resources(event.value) };
  }

  return {
    ...form,
    read,
    write({ data, binary }, { credential, model }) {
      const named = model === undefined || nameMember === undefined ? data : withMember(data, nameMember, model);
      const bare = () => withoutMembers(named, { [member]: true }) ?? named;
      return { data: credential === undefined ? bare() : withMember(named, member, credential), binary };
    },
  };
}

const noObject = (member: string): Rejection => ({
  code: 'unreadable_event',
  message: `expected a text message with a JSON object that has the credential in ${member}`,
});
