// Holds calls to pinned settings: they go into the request that makes a call, and the sideband shows whether they are changed later, since
// what a caller sends on its own channel does not pass the gateway.

import { isDeepStrictEqual } from 'node:util';
import { eventType } from '../../../codecs/json/event-type.ts';
import { isObject, type JsonObject, objectAt, readObject, valueAt } from '../../../codecs/json/object.ts';
import type { Frame } from '../../../codecs/websocket/frame.ts';
import type { CallPins } from '../contract/pins.ts';
import { changedIn, pinnedMessage, pinSettings, type SettingRules, withPinned } from './pinned-settings.ts';

/** Events in which OpenAI's protocols show the configuration of a session. */
const SHOWN = new Set(['session.created', 'session.started', 'session.updated']);

/** Makes those of a dialect. */
export const callPins = (rules: SettingRules): CallPins => ({
  merge(session, pinned) {
    const field = changedIn({ session }, { session: rules.session }, pinSettings(pinned, rules));
    if (field !== undefined) return { code: 'pinned', message: pinnedMessage(field), field };
    return { session: withPinned(session, pinned, rules.session) };
  },
  watch(pinned) {
    const paths = leavesOf(pinned).filter(([name = '']) => !rules.identity.includes(name));
    let first: JsonObject | undefined;
    return (frame) => {
      const shown = shownIn(frame);
      if (shown === undefined) return undefined;
      // Providers write some values in another form, so that later ones are compared with the first that is shown.
      const isOther = first === undefined ? isPlainlyOther(shown, pinned) : isChanged(shown, first);
      first ??= shown;
      return paths.find(isOther)?.join('.');
    };
  },
});

type Path = readonly string[];

const isChanged = (shown: JsonObject, first: JsonObject) => (path: Path) =>
  !isDeepStrictEqual(valueAt(shown, path), valueAt(first, path));

/** Compares what has one form alone. */
const isPlainlyOther = (shown: JsonObject, pinned: JsonObject) => (path: Path) => {
  const [is, wanted] = [valueAt(shown, path), valueAt(pinned, path)];
  return typeof wanted === 'string' && typeof is === 'string' && is !== wanted;
};

function shownIn({ data }: Frame): JsonObject | undefined {
  return SHOWN.has(eventType(data) ?? '') ? objectAt(readObject(data), 'session') : undefined;
}

function leavesOf(object: JsonObject, above: Path = []): Path[] {
  return Object.entries(object).flatMap(([key, value]) => {
    const path = [...above, key];
    return isObject(value) ? leavesOf(value, path) : [path];
  });
}
