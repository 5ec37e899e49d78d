// GET /v1/sessions/{id}/context: what a session that continues this one is told. Gateway processes ask it for `trunkline-continue`.

import { setTimeout as delay } from 'node:timers/promises';
import type { HttpProblem } from '../../../http/problem.ts';
import type { ContextAnswer } from '../../../ipc/side-request.ts';
import { historyOf } from '../../prompts/history.ts';
import { contextText } from '../../prompts/history-text.ts';
import { type Route, type RoutedRequest, reply, type SideHttpOptions } from '../route.ts';
import { type FoundSession, findReadableSession, unknownSession } from './session.ts';

/** Between two looks whether the end of a session has arrived. */
const LOOK_MS = 20;

async function show(asked: RoutedRequest, options: SideHttpOptions): Promise<HttpProblem | undefined> {
  const { store, config } = options;
  const found = await findSettled(asked, options);
  if (found === undefined) return unknownSession(asked);
  const { id, stored, live } = found;
  const { provider, dataClass } = stored ?? (live as Pick<ContextAnswer, 'provider' | 'dataClass'>);
  const history = stored === undefined ? { summary: undefined, turns: [] } : await historyOf(stored, store);
  const answer: ContextAnswer = { session: id, provider, dataClass, ...contextText(history, config.side.contextBytes) };
  return reply(asked, 200, answer);
}

/** A session that has just ended is on its way into the store with its last turns: worth half of the time that there is. */
async function findSettled(
  asked: RoutedRequest,
  { store, config }: SideHttpOptions,
): Promise<FoundSession | undefined> {
  const until = performance.now() + config.side.contextMs / 2;
  for (;;) {
    const found = await findReadableSession(asked, store);
    const isOnItsWay = found !== undefined && !found.isOpen && found.stored?.endedAt === undefined;
    if (!isOnItsWay || performance.now() >= until || asked.signal.aborted) return found;
    await delay(LOOK_MS);
  }
}

export const contextRoutes: readonly Route[] = [
  { scope: 'key', method: 'GET', path: '/v1/sessions/{id}/context', answer: show },
];
