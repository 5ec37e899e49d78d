// Decides on a request to open a session, before a provider is dialled. Rule: a new check is one line in the list and its function.

import type { IncomingMessage } from 'node:http';
import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import { checkUpgrade, readHandshake } from '../../http/handshake.ts';
import { checkRequest } from '../../http/request/guard.ts';
import { badTarget } from '../../http/request/refusals.ts';
import { readFirstFrame } from '../sessions/first-frame.ts';
import { chooseAccount } from './account.ts';
import type { Admission, AdmissionPolicy, AdmissionRequest } from './admission.ts';
import { authenticateClient, checkWhere, presentSecret } from './authenticate.ts';
import { authorizeCall, authorizeResource } from './authorize.ts';
import { classify } from './classify.ts';
import { readContinuation } from './continuation.ts';
import { chooseProvider, chooseSubprotocol, rejectHandshake, resolveEndpoint } from './endpoint.ts';
import { startPhases } from './phases.ts';
import { chooseSessionId } from './session-id.ts';

const phases = startPhases<AdmissionRequest>()
  .add(({ request }) => checkRequest(request))
  .add(checkWhere)
  .add(resolveEndpoint)
  .add(readFirstFrame)
  .add(presentSecret)
  .add(({ request, handshake, isUpgrade }) => (isUpgrade ? checkUpgrade(request, handshake.protocols) : undefined))
  .add(rejectHandshake)
  .add(authenticateClient)
  .add(chooseProvider)
  .add(chooseSubprotocol)
  .add(authorizeCall)
  .add(authorizeResource)
  .add(classify)
  .add(chooseAccount)
  .add(chooseSessionId)
  .add(readContinuation);

/** Runs the phases in their order. */
export function admit(
  request: IncomingMessage,
  policy: AdmissionPolicy,
  asker: Pick<AdmissionRequest, 'address' | 'isUpgrade' | 'wait'>,
): Admission | Refusal | Promise<Admission | Refusal> {
  const handshake = readHandshake(request);
  if (handshake === undefined) return badTarget;
  return phases.run({ request, handshake, policy, ...asker });
}
