// Recognises the one client event of each dialect that is audio and nothing else, without a parse.

import { type FlatKey, flatKey, flatObjectEnd, hasBackslash } from '../../../codecs/flat-object.ts';
import { skipSpace } from '../../../codecs/json-bytes.ts';

/** Returns the shape `{"type":TYPE,"audio":"...","event_id"?:"..."}` in any order, and nothing else. */
export function appendShape(type: string): readonly FlatKey[] {
  return [flatKey('type', { value: type }), flatKey('audio'), flatKey('event_id', { isRequired: false })];
}

/** Tells whether a message has exactly that shape. */
export function isAppend(data: Buffer, shape: readonly FlatKey[]): boolean {
  const end = flatObjectEnd(data, skipSpace(data, 0), shape);
  return end > 0 && skipSpace(data, end) === data.length && !hasBackslash(data);
}
