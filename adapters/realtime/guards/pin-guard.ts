// Decides about the events of a client whose session is pinned. Rule: what is not plainly an event that the dialect knows does not pass.

import { jsonFault } from '../../../codecs/json/fault.ts';
import { isObject, type JsonObject, parseJson, textAt } from '../../../codecs/json/object.ts';
import type { Frame } from '../../../codecs/websocket/frame.ts';
import type { DialectPins, PinRejection, Pins } from '../contract/pins.ts';
import { callPins } from './call-pins.ts';
import { eventIdOf } from './event-id.ts';
import {
  changedIn,
  FREE,
  type PinnedSettings,
  PLAIN,
  pinnedMessage,
  pinSettings,
  type SettingPlaces,
  type SettingRules,
  settingsFault,
} from './pinned-settings.ts';

/** The events of a dialect by their type, with the places of settings in each. */
export type PinnedEvents = Readonly<Record<string, SettingPlaces>>;

/** Makes the pins of a dialect. `hold`: see `DialectPins`; it is given the settings that were pinned, and those that are guarded. */
export const pinsBy = (
  rules: SettingRules,
  hold: (given: JsonObject, pinned: PinnedSettings) => Pins,
): DialectPins => ({
  check: (given) => settingsFault(given, rules),
  modelIn: (given) => (rules.identity.includes('model') ? textAt(given, 'model') : undefined),
  hold: (given) => hold(given, pinSettings(given, rules)),
  ofCalls: callPins(rules),
});

/** `eventId`: the client's own id of the event. */
interface StrictlyRead {
  readonly event: JsonObject;
  readonly eventId: string | undefined;
}

/** Reads a message that has to be a JSON object; takes nothing that some parser might read in another way. */
export function readStrictly({ data, binary }: Frame): StrictlyRead | PinRejection {
  if (binary) return unchecked('a binary message cannot be checked: expected an event as text');
  const message = data.toString();
  const fault = jsonFault(message);
  if (fault === 'too-deep' || fault === 'too-many-values')
    return unchecked('the event has more levels or values than can be checked');
  const value = fault === 'invalid' ? undefined : parseJson(message);
  if (!isObject(value)) return unchecked('the event is not valid JSON: expected one object');
  const eventId = eventIdOf(value);
  if (fault !== 'duplicate-key') return { event: value, eventId };
  return { code: 'pinned', message: 'the event has a key twice: expected each key once', eventId };
}

/** Returns the event where it changes nothing that is pinned. */
export function readUnchanging(
  frame: Frame,
  events: PinnedEvents,
  pinned: PinnedSettings,
): StrictlyRead | PinRejection {
  const read = readStrictly(frame);
  if ('code' in read) return read;
  const { event, eventId } = read;
  const { type } = event;
  const places = typeof type === 'string' && Object.hasOwn(events, type) ? events[type] : undefined;
  if (places === undefined) return { code: 'pinned', message: UNKNOWN, field: 'type', eventId };
  const field = changedIn(event, { ...places, type: FREE, event_id: PLAIN }, pinned);
  return field === undefined ? read : { code: 'pinned', message: pinnedMessage(field), field, eventId };
}

const UNKNOWN =
  'the settings of this session are pinned by its client secret: expected an event of a type that is known';

const unchecked = (message: string): PinRejection => ({ code: 'pinned', message });
