// Takes pinned instructions and tools out of what a provider tells of a session and its responses.

import { type MemberPlaces, withoutMembers } from '../../../../codecs/json/members.ts';
import type { Pins } from '../../contract/pins.ts';
import type { PinnedSettings } from '../../guards/pinned-settings.ts';

/** Settings that clients are not shown. */
const hidden = ['instructions', 'tools', 'prompt'];

/** Makes `Pins.fromProvider` of Realtime, Translation and Responses; undefined where nothing is to be hidden. */
export function veil({ values }: PinnedSettings): Pins['fromProvider'] {
  const keys = hidden.filter((key) => values.has(key));
  const here = membersOf(keys);
  const { item, response } = itemsOf(keys);
  return hiding(keys, { ...here, session: here, response: { ...here, ...response }, item });
}

/** The same of Live: its delegation has instructions and tools of its own, and wraps the events of Responses. */
export function liveVeil({ values }: PinnedSettings): Pins['fromProvider'] {
  const isDelegated = values.has('delegation');
  const keys = ['instructions', 'input'].filter((key) => values.has(key));
  const delegated = isDelegated ? ['instructions', 'tools'] : [];
  const inResponses = membersOf(delegated);
  const { item, response } = itemsOf(delegated);
  return hiding([...new Set([...keys, ...delegated])], {
    session: { ...membersOf(keys), delegation: { responses: inResponses } },
    event: { response: { ...inResponses, ...response }, item },
  });
}

const membersOf = (keys: readonly string[]): MemberPlaces => Object.fromEntries(keys.map((key) => [key, true]));

/** Items tell of tools too: of those that a server of tools lists, and of those that were searched for. */
function itemsOf(keys: readonly string[]): Record<'item' | 'response', MemberPlaces> {
  const item: MemberPlaces = keys.includes('tools') ? { tools: true } : {};
  return { item, response: { output: item } };
}

/** `keys`: a message that hides something has one of them. */
function hiding(keys: readonly string[], places: MemberPlaces): Pins['fromProvider'] {
  if (keys.length === 0) return undefined;
  const words = keys.map((key) => Buffer.from(`"${key}"`));
  return ({ data, binary }) => {
    if (!words.some((word) => data.includes(word))) return undefined;
    const shown = withoutMembers(data, places);
    return shown && { data: shown, binary };
  };
}
