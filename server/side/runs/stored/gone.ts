// Ends the runs of processes that are gone. Their logs get a last event, so that no reader waits for what never comes.

import type { JsonObject } from '../../../../codecs/json/object.ts';
import type { LogPart, LostResponse, ResponseStore } from '../../store/contract/responses.ts';
import { brokenResponse, lastEventType, objectIn, type ResponseFault, responseEventData } from '../response-object.ts';

const RUN_LOST: ResponseFault = {
  code: 'run_lost',
  message: 'the process that ran this response is gone: ask again',
};

/** With the id, ends that run alone. Resolves with how many were ended. */
export async function endLostRuns(
  store: Pick<ResponseStore, 'lostResponses' | 'endLost'>,
  now: number,
  id?: string,
): Promise<number> {
  let ended = 0;
  for (const lost of await store.lostResponses(now, id)) {
    const response = brokenResponse(objectIn(lost.result), RUN_LOST);
    const change = { id: lost.id, state: 'failed', endedAt: now, result: JSON.stringify(response) } as const;
    if (await store.endLost(change, lastPart(lost, response))) ended += 1;
  }
  return ended;
}

function lastPart(
  { id, isStreamed, isCut, lastSequence = -1, result }: LostResponse,
  response: JsonObject,
): LogPart | undefined {
  if (!isStreamed || isCut) return undefined;
  const firstSequence = lastSequence + 1;
  const created = firstSequence === 0 ? [responseEventData('response.created', 0, objectIn(result))] : [];
  const sequence = firstSequence + created.length;
  const events = [...created, responseEventData(lastEventType(response), sequence, response)];
  return { response: id, firstSequence, lastSequence: sequence, events: events.join('\n') };
}
