// The dialect of Rev.ai's streams: sound in binary messages, and `EOS` behind the last; hypotheses come back. It has no event for errors: closes
// 4001 to 4029 tell of them (document). Events: read in revai-node-sdk 3.8.

import { isObject, readObject, textAt } from '../../../codecs/json/object.ts';
import type { Direction, Frame } from '../../../codecs/websocket/frame.ts';
import type { Dialect } from '../contract/dialect.ts';
import type { Observation } from '../contract/observation.ts';
import { soundOf } from '../sound.ts';
import { revaiResumption } from './resumption.ts';

/** The vocabulary of `/speechtotext/v1/stream`. The query has all settings. */
export const revaiDialect: Dialect = {
  name: 'revai-streaming',
  capabilities: {
    audio: 'binary',
    speech: 'heard',
    turnEnd: 'event',
    interruption: 'event',
    usage: 'never',
    speaksFirst: 'provider',
  },
  mostTokens: { input: 0, output: 0 },
  modelsIn: () => undefined,
  observe,
  errorEvent: () => undefined,
  resumption: revaiResumption,
};

function observe({ data, binary }: Frame, direction: Direction): Observation | undefined {
  if (direction === 'upstream') return binary ? soundOf(direction) : { type: 'end' };
  const event = readObject(data);
  const type = textAt(event, 'type');
  if (type !== 'final') return type === undefined ? undefined : { type };
  const elements = Array.isArray(event?.elements) ? event.elements.filter(isObject) : [];
  const text = elements.map((element) => textAt(element, 'value') ?? '').join('');
  return { type, mark: 'turn-done', ...(text !== '' && { utterances: [{ role: 'user', text }] }) };
}
