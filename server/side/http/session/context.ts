// GET /v1/sessions/{id}/context: what a session that continues this one is told. Gateway processes ask it for `trunkline-continue`.

import { setTimeout as delay } from 'node:timers/promises';
import type { HttpProblem } from '../../../http/problem.ts';
import type { ContextAnswer } from '../../../ipc/side-request.ts';
import { historyOf } from '../../prompts/history.ts';
import { contextText } from '../../prompts/history-text.ts';
import { type RoutedRequest, type SideHttpOptions, sendJson } from '../handler.ts';
import { type FoundSession, findReadableSession, unknownSession } from './session.ts';

/** Between two looks whether the end of a session has arrived. */
const LOOK_MS = 20;

export async function showContext(request: RoutedRequest, options: SideHttpOptions): Promise<HttpProblem | undefined> {
  const { store, config } = options;
  const found = await findSettled(request, options);
  if (found === undefined) return unknownSession(request);
  const { id, stored, live } = found;
  const { provider, dataClass } = stored ?? (live as Pick<ContextAnswer, 'provider' | 'dataClass'>);
  const history = stored === undefined ? { summary: undefined, turns: [] } : await historyOf(stored, store);
  const answer: ContextAnswer = { session: id, provider, dataClass, ...contextText(history, config.side.contextBytes) };
  return sendJson(request, 200, answer);
}

/** A session that has just ended is on its way into the store with its last turns: worth half of the time that there is. */
async function findSettled(
  request: RoutedRequest,
  { store, config }: SideHttpOptions,
): Promise<FoundSession | undefined> {
  const until = performance.now() + config.side.contextMs / 2;
  for (;;) {
    const found = await findReadableSession(request, store);
    const isOnItsWay = found !== undefined && !found.isOpen && found.stored?.endedAt === undefined;
    if (!isOnItsWay || performance.now() >= until || request.signal.aborted) return found;
    await delay(LOOK_MS);
  }
}
