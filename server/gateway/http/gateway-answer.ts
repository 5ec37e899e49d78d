// Answers plain HTTP that stays with a gateway process: on the paths of sessions it tells what an upgrade would be told; anything else is
// here only while no side process takes it. Each answer ends its connection, whose next request may be for the side process.

import { findEndpoint } from '../../../adapters/realtime/index.ts';
import type { Answer, CheckedExchange } from '../../http/request/answer.ts';
import { checkBodyType } from '../../http/request/body.ts';
import { sidePathUnavailable } from '../../http/request/refusals.ts';
import { explainUpgrade, type SessionHost } from '../open-session.ts';

export async function gatewayAnswer(
  { request, handshake, source }: CheckedExchange,
  host: SessionHost,
): Promise<Answer> {
  if (findEndpoint(handshake.path) === undefined) return sidePathUnavailable;
  return checkBodyType(request) ?? explainUpgrade(request, source.address, host);
}
