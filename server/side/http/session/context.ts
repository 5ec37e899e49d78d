// GET /v1/sessions/{id}/context: the text that a session is told that continues this one. Gateway processes ask it for `trunkline-continue`.

import { setTimeout as delay } from 'node:timers/promises';
import type { ContextAnswer } from '../../../ipc/side-request.ts';
import { contextText } from '../../prompts/context-text.ts';
import { historyOf } from '../../prompts/history.ts';
import { type RoutedRequest, type RouteHandler, type SideHttpOptions, sendJson } from '../handler.ts';
import { type FoundSession, findReadableSession, unknownSession } from './session.ts';

/** Interval of the polls for the end of a session. */
const LOOK_MS = 20;

export const getSessionContext: RouteHandler = async (request, options) => {
  const { store, config } = options;
  const found = await findSettled(request, options);
  if (found === undefined) return unknownSession(request);
  const { id, stored, live } = found;
  const { provider, dataClass } = stored ?? (live as Pick<ContextAnswer, 'provider' | 'dataClass'>);
  const history = stored === undefined ? { summary: undefined, turns: [] } : await historyOf(stored, store);
  const answer: ContextAnswer = { session: id, provider, dataClass, ...contextText(history, config.side.contextBytes) };
  return sendJson(request, 200, answer);
};

/** Waits for a session that has just ended, or closes, until its last turns are stored, for half of `contextMs` at most. */
async function findSettled(
  request: RoutedRequest,
  { store, config }: SideHttpOptions,
): Promise<FoundSession | undefined> {
  const until = performance.now() + config.side.contextMs / 2;
  for (;;) {
    const found = await findReadableSession(request, store);
    const isBeingStored = hasEnded(found?.live) && found?.stored?.endedAt === undefined;
    if (!isBeingStored || performance.now() >= until || request.signal.aborted) return found;
    await delay(LOOK_MS);
  }
}

/** Tells whether a session says of itself that nothing more is said in it. Its client may call again before both sockets are closed. */
function hasEnded(live: object | undefined): boolean {
  return live !== undefined && !('state' in live && live.state === 'open');
}
