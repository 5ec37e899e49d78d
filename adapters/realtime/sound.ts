// Sound in binary messages: all of one direction are observed alike.

import { OPEN_BRACE, skipSpace } from '../../codecs/json/bytes.ts';
import type { Direction, Frame } from '../../codecs/websocket/frame.ts';
import type { Observation } from './contract/observation.ts';

/** Tells whether a message is sound: a binary one that begins like an object is read nevertheless, so that nothing is hidden in it. */
export function isSound({ data, binary }: Frame): boolean {
  return binary && data[skipSpace(data, 0)] !== OPEN_BRACE;
}

const decides = () => ({ first: 0, last: 0 });
const heard: Observation = { type: 'audio', decides };
const spoken: Observation = { type: 'audio', mark: 'audio', decides };

/** The observation of a binary message. */
export const soundOf = (direction: Direction): Observation => (direction === 'upstream' ? heard : spoken);
