// Says events through a translation, as the two ends of a session would.

import type { Translation } from '../../adapters/realtime/contract/translation.ts';
import type { Frame } from '../../codecs/websocket/frame.ts';

export const frameOf = (text: string): Frame => ({ data: Buffer.from(text), binary: false, at: 0 });

/** `asked`: an event of the client as the provider reads it; `told`: one of the provider, as events that the client reads. */
export function saidOf(translate: () => Translation) {
  const translation = translate();
  const frame = (event: object) => frameOf(JSON.stringify(event));
  return {
    asked: (event: object) => JSON.parse((translation.fromClient(frame(event)) ?? frame(event)).data.toString()),
    told: (event: object): readonly Record<string, unknown>[] =>
      (translation.fromProvider(frame(event)) ?? [frame(event)]).map(({ data }) => JSON.parse(data.toString())),
  };
}
