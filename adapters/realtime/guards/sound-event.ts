// Recognises the one client event of a dialect that is sound and nothing else, without a parse.

import { skipSpace } from '../../../codecs/json/bytes.ts';
import { flatKey, flatObjectEnd, hasBackslash } from '../../../codecs/json/flat-object.ts';

/** Makes the test for messages that are exactly `{"type":TYPE,"audio":"...","event_id"?:"..."}`, in any order. `key`: that of the sound. */
export function soundEvent(type: string, key = 'audio'): (data: Buffer) => boolean {
  const shape = [flatKey('type', { value: type }), flatKey(key), flatKey('event_id', { isRequired: false })];
  return (data) => {
    const end = flatObjectEnd(data, skipSpace(data, 0), shape);
    return end > 0 && skipSpace(data, end) === data.length && !hasBackslash(data);
  };
}
