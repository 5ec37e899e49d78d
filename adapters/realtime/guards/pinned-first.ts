// Pins of dialects whose client configures the session by an event of its own: the first one gets what is pinned, and nothing passes before it.

import type { JsonObject } from '../../../codecs/json/object.ts';
import { objectAt } from '../../../codecs/json/object.ts';
import { type Frame, jsonFrame, type OutFrame } from '../../../codecs/websocket/frame.ts';
import type { DialectPins } from '../contract/pins.ts';
import { type PinnedEvents, pinsBy, readUnchanging } from './pin-guard.ts';
import { type SettingRules, withPinned } from './pinned-settings.ts';

interface FirstEvent {
  /** The type of the event that configures the session. */
  readonly type: string;
  /** The field of it that holds the settings; left out where the event itself does. */
  readonly field?: string;
  readonly events: PinnedEvents;
  readonly rules: SettingRules;
  /** Tells whether a message is sound, which passes behind that event unread. */
  isSound(frame: Frame): boolean;
  /** Returns what passes in the place of a provider's message that tells what is pinned. */
  fromProvider?(frame: Frame): OutFrame | undefined;
}

export function pinsInFirst({ type, field, events, rules, isSound, fromProvider }: FirstEvent): DialectPins {
  const early = {
    code: 'pinned',
    message: `the settings of this session are pinned by its client secret: expected ${type} before any other message`,
    field: 'type',
  } as const;
  const filled = (event: JsonObject, given: JsonObject): JsonObject =>
    field === undefined
      ? withPinned(event, given, rules.session)
      : { ...event, [field]: withPinned(objectAt(event, field) ?? {}, given, rules.session) };
  return pinsBy(rules, (given, pinned) => {
    let isConfigured = false;
    return {
      fromClient(frame) {
        if (isConfigured && isSound(frame)) return undefined;
        const read = readUnchanging(frame, events, pinned);
        if ('code' in read) return read;
        // Later events change what they name, which is nothing pinned.
        if (isConfigured) return undefined;
        if (read.event.type !== type) return early;
        isConfigured = true;
        return jsonFrame(filled(read.event, given));
      },
      fromProvider,
    };
  });
}
