// Rewrites events of a message: those that only have another name by their bytes, and any other by a parse.
// Rule: a message that cannot be read, or need not be, stays as it is.

import { eventType } from '../../../../codecs/json/event-type.ts';
import { stringMember } from '../../../../codecs/json/members.ts';
import { type JsonObject, objectAt, readObject, textAt } from '../../../../codecs/json/object.ts';
import type { Frame, OutFrame } from '../../../../codecs/websocket/frame.ts';

/** Returns what is said in the place of an event, in order; undefined: the event itself. */
export type EventRewrite = (event: JsonObject) => readonly JsonObject[] | undefined;

interface EventRewrites {
  /** New names of events that have nothing else to be changed. */
  readonly names?: ReadonlyMap<string, string>;
  /** The others, by their type. */
  readonly rewrites: ReadonlyMap<string, EventRewrite>;
}

export function rewriteEvent(frame: Frame, { names, rewrites }: EventRewrites): readonly OutFrame[] | undefined {
  const { data, binary } = frame;
  const type = eventType(data);
  if (type === undefined) return undefined;
  const name = names?.get(type);
  if (name !== undefined) return withType(frame, name);
  const rewrite = rewrites.get(type);
  const event = rewrite && readObject(data);
  // A parser takes the last of two types, where what goes by comes first.
  if (rewrite === undefined || event?.type !== type) return undefined;
  return rewrite(event)?.map((said) => ({ data: Buffer.from(JSON.stringify(said)), binary }));
}

/** The sound behind it is copied, and not read. */
function withType({ data, binary }: Frame, type: string): readonly OutFrame[] | undefined {
  const found = stringMember(data, 'type');
  if (found === undefined) return undefined;
  const { open, close } = found;
  return [{ data: Buffer.concat([data.subarray(0, open + 1), Buffer.from(type), data.subarray(close)]), binary }];
}

/** Makes the rewrite of an event with an object in it that is changed. */
export const changing =
  (key: string, change: (object: JsonObject) => JsonObject, type?: string): EventRewrite =>
  (event) => {
    const object = objectAt(event, key);
    return object && [{ ...event, ...(type !== undefined && { type }), [key]: change(object) }];
  };

/** Makes the rewrite of an error, which names a field by its path: also where its words do. */
export const namingFields =
  (rename: (path: string) => string): EventRewrite =>
  (event) => {
    const error = objectAt(event, 'error');
    const param = textAt(error, 'param');
    const renamed = param && rename(param);
    if (!renamed || renamed === param) return undefined;
    const message = textAt(error, 'message')?.replaceAll(param, renamed);
    return [{ ...event, error: { ...error, param: renamed, ...(message !== undefined && { message }) } }];
  };
